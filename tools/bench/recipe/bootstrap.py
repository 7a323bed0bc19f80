"""Lambda's Python runtime, as much of it as is needed: events from the Runtime API to function.handler."""

import http.client
import json
import os
import traceback

api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])


def call(method, path, body=None):
    api.request(method, f"/2018-06-01/runtime/{path}", body)
    response = api.getresponse()
    return response.headers, response.read()


def describe(error):
    return json.dumps({"errorType": type(error).__name__, "errorMessage": str(error), "stackTrace": traceback.format_tb(error.__traceback__)})


def main():
    try:
        from function import handler
    except Exception as error:
        call("POST", "init/error", describe(error))
        raise
    while True:
        headers, event = call("GET", "invocation/next")
        request = headers["Lambda-Runtime-Aws-Request-Id"]
        try:
            answer = json.dumps(handler(json.loads(event), None))
        except Exception as error:
            call("POST", f"invocation/{request}/error", describe(error))
        else:
            call("POST", f"invocation/{request}/response", answer)


main()
