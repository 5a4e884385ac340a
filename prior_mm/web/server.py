"""Start the page: on this machine alone unless asked, and with a token then."""
import ipaddress
import secrets
from collections.abc import Callable
from pathlib import Path

import uvicorn

from prior_mm.inference import Model

from .app import create_app


def serve(model: Model, host: str = '127.0.0.1', port: int = 8000, archive_root: Path | None = None,
          examples: int = 6, say: Callable[[str], None] = print) -> None:
    """Serve the page until it is interrupted.

    Args:
        model: The model, with an archive or without.
        host: The address to listen at. Any other than a loopback address is open to whoever reaches it, and asks for a
            token that is printed here alone. Between machines put a proxy with TLS before it.
        port: The port.
        archive_root: Folder that the image paths of the archive count from.
        examples: How many images of the archive are shown as examples, if there are some.
        say: Where the address goes.
    """
    token = None if is_loopback(host) else secrets.token_urlsafe(24)
    app = create_app(model, _examples(model, archive_root, examples), archive_root, token)
    name = f'[{host}]' if ':' in host else host
    say(f'http://{name}:{port}/' + (f'#token={token}' if token else ''))
    if token:
        say('Whoever has this address can use the model and see the archive. The connection is not encrypted.')
    # Addresses hold no sentence and no image, and are not logged all the same. uvicorn's own configuration of logging
    # would close every log file that this process has open (``logging.config.dictConfig`` does).
    uvicorn.run(app, host=host, port=port, access_log=False, log_config=None, log_level='warning', server_header=False,
                timeout_keep_alive=5, limit_concurrency=512)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == 'localhost'


def _examples(model: Model, root: Path | None, count: int) -> list[tuple[str, Path]]:
    """Images of the archive, evenly spread over it."""
    if model.archive is None or root is None:
        return []
    known = [(study, root / image) for study, image in zip(model.archive.studies, model.archive.images, strict=True)]
    known = known[::max(len(known) // max(count, 1), 1)][:count]
    return [(study, path) for study, path in known if path.is_file()]
