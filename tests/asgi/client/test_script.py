"""The script tag, and the one file that the parts are joined to."""

from __future__ import annotations

from typing import Any

import jinja2
from starlette.requests import Request

from flyhot_asgi.client import flyhot_script
from flyhot_asgi.client.script import bundle


def request(**more: Any) -> Request:
    return Request({"type": "http", "method": "GET", "headers": [], "path": "/", **more})


def test_the_tag_names_the_script_by_its_hash_and_the_release_of_the_page() -> None:
    tag = str(flyhot_script(request(**{"flyhot.vsn": "abc"})))
    assert tag == f'<script src="/_flyhot/{bundle().name}" data-vsn="abc" defer></script>'


def test_the_tag_honours_the_root_path_and_escapes() -> None:
    tag = str(flyhot_script(request(root_path='/a"b/', **{"flyhot.vsn": '">'})))
    assert tag.startswith('<script src="/a%22b/_flyhot/flyhot.')
    assert 'data-vsn="&quot;&gt;"' in tag


def test_the_answer_to_a_form_is_marked_as_not_to_be_fetched_again() -> None:
    assert " data-off " in flyhot_script(request(method="POST"))
    assert " data-off " not in flyhot_script(request(method="HEAD"))


def test_the_nonce_of_the_request_is_used() -> None:
    assert 'nonce="n1"' in flyhot_script(request(state={"csp_nonce": "n1"}))


def test_a_template_engine_does_not_escape_it() -> None:
    env = jinja2.Environment(autoescape=True)
    env.globals["flyhot_script"] = flyhot_script
    assert env.from_string("{{ flyhot_script(request) }}").render(request=request()).startswith("<script src=")
