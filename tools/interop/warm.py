"""Keeps the aws CLI warm: a call is a fork of a process that has loaded it, not a start of Python.

usage: warm.py serve DIRECTORY   makes DIRECTORY/aws, and answers it until it is stopped

Of each call, service and operation go to DIRECTORY/calls, a line each.

Scripts make hundreds of calls, each of which would take half a second of CPU to load the CLI and its models.
What runs is the CLI itself, its own main with the caller's arguments, environment, directory and files.
"""

import contextlib
import functools
import os
import pickle
import signal
import socket
import sys
import traceback

CLIENT = """#!{python} -IS
import os, pickle, socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect({path!r})
call = pickle.dumps((sys.argv[1:], dict(os.environ), os.getcwd()))
socket.send_fds(s, [len(call).to_bytes(8, "big")], [0, 1, 2])
s.sendall(call)
answer = s.recv(1)
sys.exit(answer[0] if answer else 255)
"""


def load():
    """Loads what every call needs; the models of services stay in memory."""
    import botocore.loaders
    from awscli import clidriver

    botocore.loaders.JSONFileLoader.load_file = functools.lru_cache(None)(botocore.loaders.JSONFileLoader.load_file)
    botocore.loaders.JSONFileLoader.__eq__ = lambda self, other: type(self) is type(other)
    botocore.loaders.JSONFileLoader.__hash__ = lambda self: 0
    session = clidriver.create_clidriver().session
    for service in ("kinesis", "dynamodb", "s3", "logs", "iam", "lambda", "sns", "cloudwatch", "sts"):
        session.get_service_model(service)
    return clidriver.main


def receive(connection):
    size, files, _, _ = socket.recv_fds(connection, 8, 3)
    left, parts = int.from_bytes(size, "big"), []
    while left:
        part = connection.recv(left)
        if not part:
            raise EOFError("the caller has gone")
        parts.append(part)
        left -= len(part)
    return pickle.loads(b"".join(parts)), files


def run(main, connection, calls):
    """Runs one call, in a process of its own."""
    (arguments, environment, directory), files = receive(connection)
    with open(calls, "a", encoding="utf-8") as file:
        print(*arguments[:2], file=file)
    for descriptor, file in enumerate(files):
        os.dup2(file, descriptor)
        os.close(file)
    models = os.environ["AWS_DATA_PATH"]  # that the CLI set when it was loaded
    os.environ.clear()
    os.environ.update(environment, AWS_DATA_PATH=models)
    os.chdir(directory)
    sys.argv = ["aws", *arguments]
    try:
        status = main()
    except SystemExit as end:
        status = end.code or 0
    sys.stdout.flush()
    sys.stderr.flush()
    connection.sendall(bytes([status & 255]))


def serve(directory):
    os.makedirs(directory, exist_ok=True)
    main = load()
    calls = os.path.join(directory, "calls")
    path = os.path.join(directory, "socket")
    server = socket.socket(socket.AF_UNIX)
    server.bind(path)
    server.listen(64)
    client = os.path.join(directory, "aws")
    with open(client + ".new", "w", encoding="utf-8") as file:
        file.write(CLIENT.format(python=sys.executable, path=path))
    os.chmod(client + ".new", 0o755)
    os.rename(client + ".new", client)  # whoever sees it may call it
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        connection, _ = server.accept()
        if os.fork():
            connection.close()
            continue
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        server.close()
        try:
            run(main, connection, calls)
        except BaseException:  # of a process that must not go on as the server
            traceback.print_exc()
            sys.stderr.flush()
        finally:
            os._exit(0)


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] != "serve":
        sys.exit(__doc__)
    with contextlib.suppress(KeyboardInterrupt):
        serve(sys.argv[2])
