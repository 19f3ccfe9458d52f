"""`python -m bench.bare_page PORT`: the bare framework's own page, served the way the service serves its pages.

What a page takes before anything of ours is done for it.
"""

import sys

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

_PAGE = "<!doctype html><html lang='en'><head><title>A page</title></head><body><p>Words.</p></body></html>"


# Not a coroutine: the console's pages are made in threads, too.
def page(request: Request) -> Response:
    return HTMLResponse(_PAGE)


if __name__ == "__main__":
    app = Starlette(routes=[Route("/", page)])
    uvicorn.run(app, port=int(sys.argv[1]), log_config=None, access_log=False, loop="asyncio", http="h11", ws="none")
