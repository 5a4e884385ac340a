# Sourced by dist_train.sh and dist_test.sh: a port that is taken is said in a line, not in torchrun's forty.
# shellcheck shell=bash
need_free_port() {
    if [ "${NODE_RANK:-0}" = 0 ] && ! python -c '
import socket, sys
place = socket.socket()
place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
place.bind(("", int(sys.argv[1])))' "$1" 2>/dev/null; then
        echo "$2: port $1 is taken on this machine, by another run perhaps. Take another one: PORT=$(($1 + 1)) $2 ..." >&2
        exit 1
    fi
}
