"""The page's application: it answers what the model says, keeps to its caller, and goes on whatever it is sent."""
import base64
import logging
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import uvicorn
from fastapi.testclient import TestClient
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import prior_mm
from prior_mm.datasets.images import PixelRange
from prior_mm.inference import gray_image
from prior_mm.web import create_app
from prior_mm.web.limits import LARGEST
from prior_mm.web.server import is_loopback, serve

SENTENCE = 'heart large'
CLASSES = {'large': ['heart large'], 'small': ['heart small', 'small heart']}


@pytest.fixture(scope='module')
def client(home, model):
    root = home / 'data'
    examples = [('one', root / model.archive.images[0]), ('gone', root / 'no.png')]
    app = create_app(model, examples, root)
    with TestClient(app, raise_server_exceptions=False) as one:  # one loop, as a server has
        yield one


def encoded(content: bytes) -> str:
    return base64.b64encode(content).decode()


def array(pixels: dict) -> np.ndarray:
    return np.frombuffer(base64.b64decode(pixels['gray']), '<u2').reshape(pixels['height'], pixels['width'])


def test_image(client, model, film):
    """The image comes back as it is read, with the guard's verdict."""
    found = client.post('/api/image', json=dict(image=encoded(film))).json()
    gray = gray_image(film)
    np.testing.assert_array_equal(array(found['pixels']), gray.astype(np.uint16) * 257)
    verdict = model.unlike_training(film)
    assert found['judged']['unlike'] == verdict.unlike and (found['columns'], found['rows']) == gray.shape[::-1]
    assert found['judged']['distance'] == pytest.approx(verdict.score, rel=1e-5)


def test_image_of_fewer_bits(home, tmp_path):
    """A film of 14 bits is scaled once for the screen and once for the verdict, not twice: it was refused."""
    white = PixelRange(bits=14)
    model = prior_mm.load(home / 'run', archive=home / 'data/annotations/train.json', pixel_range=white, progress=False)
    values = np.random.default_rng(0).integers(0, 2**14, (40, 40)).astype(np.uint16)
    Image.fromarray(values).save(tmp_path / 'film.png')
    film = (tmp_path / 'film.png').read_bytes()
    with TestClient(create_app(model), raise_server_exceptions=False) as client:
        answer = client.post('/api/image', json=dict(image=encoded(film)))
    assert answer.status_code == 200, answer.text
    np.testing.assert_array_equal(array(answer.json()['pixels']), gray_image(film, pixel_range=white))
    assert answer.json()['judged']['distance'] == pytest.approx(model.unlike_training(film).score, rel=1e-5)


def test_answers_are_the_models(client, model, film):
    """Heat map, scores, similar studies, draft and reconstruction are what Python gives."""
    image = encoded(film)
    heat = client.post('/api/heatmap', json=dict(image=image, sentence=SENTENCE)).json()
    wanted = model.heatmap(film, SENTENCE)
    assert (heat['peak_column'], heat['peak_row']) == wanted.peak
    assert np.unravel_index(array(heat['pixels']).argmax(), wanted.values.shape)[::-1] == wanted.peak
    scores = client.post('/api/score', json=dict(image=image, classes=CLASSES)).json()
    np.testing.assert_allclose([one['score'] for one in scores], model.score(film, CLASSES).scores[0], rtol=1e-5)
    near = client.post('/api/similar', json=dict(image=image, k=3)).json()
    assert [one['study'] for one in near] == [match.study for match in model.similar(film, k=3)]
    assert array(client.get(f'/api/archive/{near[0]["place"]}').json()).size
    by_text = client.post('/api/similar', json=dict(text=SENTENCE)).json()
    assert [one['study'] for one in by_text] == [match.study for match in model.similar(text=SENTENCE)]
    draft, written = client.post('/api/draft', json=dict(image=image)).json(), model.draft_report(film)
    assert [line['text'] for line in draft['sentences']] == [line.text for line in written.sentences]
    made = client.post('/api/reconstruct', json=dict(image=image, report=[SENTENCE])).json()
    assert made['error'] == pytest.approx(model.reconstruct(film, [SENTENCE]).error, rel=1e-4)


def test_page_and_what_a_browser_may_do(client):
    """The page loads nothing from elsewhere, and each answer forbids what the page does not need."""
    page = client.get('/')
    policy = page.headers['content-security-policy']
    assert "default-src 'none'" in policy and 'unsafe' not in policy and 'http' not in policy
    assert 'http' not in page.text and 'style=' not in page.text and 'onclick' not in page.text
    for path in ('/static/page.js', '/static/page.css', '/programs', '/api/openapi.json', '/api/about', '/api/none'):
        assert client.get(path).headers['content-security-policy'] == policy, path
    assert set(client.get('/api/openapi.json').json()['paths']) >= {'/api/heatmap', '/api/score', '/api/draft'}


@pytest.mark.parametrize('path', ['/api/examples/1', '/api/examples/7', '/api/examples/-1', '/api/archive/100000',
                                  '/api/archive/-1', '/api/examples/..%2f..%2fe', '/static/..%2fapp.py',
                                  '/static/%2e%2e/app.py'])
def test_no_path_comes_from_a_client(client, path):
    """What is asked for by another thing than a number that there is gives no file."""
    assert client.get(path).status_code in (404, 422, 500)


@pytest.mark.parametrize(('path', 'body', 'status', 'message'), [
    ('/api/heatmap', dict(image='', sentence='heart'), 422, None),
    ('/api/heatmap', dict(image='QQ==', sentence='heart'), 422, None),
    ('/api/heatmap', dict(image='QQ==', sentence=' '), 422, 'sentence'),
    ('/api/heatmap', dict(image='QQ==', sentence='heart', kind='magic'), 422, 'kind'),
    ('/api/score', dict(image='QQ==', classes=dict(one=['x'])), 422, 'classes'),
    ('/api/similar', {}, 400, 'one of the two'),
    ('/api/image', dict(image='QQ==', path='/etc/passwd'), 422, 'path'),
    ('/api/image', [1], 422, None),
])
def test_wrong_use(client, path, body, status, message):
    """A message says what is wrong, and does not repeat what was sent."""
    response = client.post(path, json=body)
    assert response.status_code == status and (message or '') in response.json()['detail']
    assert 'QQ==' not in response.text and '/etc' not in response.text


def test_too_large_and_not_json(client):
    """Refused by its length before it is read, and while it is read where it does not say one."""
    assert client.post('/api/image', content=b' ' * (LARGEST + 1),
                       headers={'content-type': 'application/json'}).status_code == 413
    parts = (b' ' * 2**20 for _ in range(LARGEST // 2**20 + 2))
    assert client.post('/api/image', content=parts, headers={'content-type': 'application/json'}).status_code == 413
    assert client.post('/api/image', data=dict(image='x')).status_code == 415


def test_who_may_ask(home, model):
    """Without a token only this machine's names are answered; with one, nobody without it."""
    local = TestClient(create_app(model), base_url='http://evil.example')
    assert local.get('/api/about').status_code == 421
    open_to_all = TestClient(create_app(model, token='secret'), base_url='http://ward.example')
    assert open_to_all.get('/').status_code == 200
    assert open_to_all.get('/api/about').status_code == 401
    assert open_to_all.get('/api/about', headers=dict(authorization='Bearer wrong')).status_code == 401
    assert open_to_all.get('/api/about', headers=dict(authorization='Bearer secret')).status_code == 200
    assert is_loopback('127.0.0.1') and is_loopback('::1') and is_loopback('localhost')
    assert not is_loopback('0.0.0.0') and not is_loopback('::') and not is_loopback('ward.example')


@pytest.mark.slow
@settings(max_examples=30)
@given(content=st.one_of(st.binary(max_size=300), st.builds(bytes.__add__, st.sampled_from(
    [b'\x89PNG\r\n\x1a\n', b'\xff\xd8\xff\xe0', b'\0' * 128 + b'DICM', b'II*\0', b'%PDF', b'<svg>']),
    st.binary(max_size=200))))
def test_hostile_files(client, content):
    """Whatever the bytes are: a message, and the page goes on."""
    response = client.post('/api/image', json=dict(image=encoded(content)))
    assert response.status_code == 422 and response.json()['detail']
    assert client.get('/api/about').status_code == 200


@pytest.mark.slow
def test_many_at_once_and_nothing_of_them_is_kept(client, film, tmp_path, monkeypatch, caplog):
    """100 uploads at the same time, half of them broken: all are answered, no file is written, nothing is logged."""
    monkeypatch.setenv('TMPDIR', str(tmp_path))
    caplog.set_level(logging.DEBUG)
    bodies = [dict(image=encoded(film if number % 2 else film[:len(film) // 2] + b'secret'), sentence='lungs clear')
              for number in range(100)]
    with ThreadPoolExecutor(32) as pool:
        codes = list(pool.map(lambda body: client.post('/api/heatmap', json=body).status_code, bodies))
    assert codes == [422, 200] * 50
    assert not list(tmp_path.iterdir())
    said = ' '.join(record.getMessage() for record in caplog.records if record.name != 'httpx')
    assert 'lungs' not in said and 'secret' not in said


def test_the_callers_log_files_stay_open(model, tmp_path, monkeypatch):
    """Whoever serves from a process that logs, such as a notebook after a training, goes on logging after it."""
    monkeypatch.setattr(uvicorn.Server, 'run', lambda server, sockets=None: setattr(server, 'started', True))
    log = logging.FileHandler(tmp_path / 'log', 'w')  # as MMEngine opens its own
    serve(model, say=lambda line: None)
    log.emit(logging.makeLogRecord(dict(msg='still here')))
    log.close()
    assert (tmp_path / 'log').read_text() == 'still here\n'
