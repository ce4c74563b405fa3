"""What a test does with the app's screens: open a page, press, read."""

import re
from pathlib import Path
from typing import Any

from streamlit.testing.v1 import AppTest

from taxonomy.node import NodeId
from ui.web import actions
from ui.web.state import Page
from ui.web.views.details import Detail
from ui.web.views.edit import Action

APP = Path(actions.__file__).parent / "app.py"
TEA = ("Grocery & Drinks", "Drinks", "Tea")
COFFEE = ("Grocery & Drinks", "Drinks", "Coffee")
PODS = (*COFFEE, "Capsules & Pods")
BEANS = (*COFFEE, "Coffee Beans")


def opened(page: Page = Page.CATEGORY, node_id: NodeId | None = None, **remembered: object) -> AppTest:
    """The app as a person finds it on this page."""
    at = AppTest.from_file(str(APP), default_timeout=20)
    at.session_state["page"] = page
    if node_id:
        at.session_state["selected"] = node_id
    for key, value in remembered.items():
        at.session_state[key] = value
    return at.run()


def seen(at: AppTest) -> str:
    """All text on the page, as Markdown without the signs that keep names as they are."""
    assert not at.exception
    kinds = (
        at.header,
        at.subheader,
        at.markdown,
        at.caption,
        at.info,
        at.warning,
        at.error,
        at.success,
        at.code,
    )
    return re.sub(r"\\(.)", r"\1", "\n".join(str(one.value) for kind in kinds for one in kind))


def press(at: AppTest, key: str) -> AppTest:
    return at.button(key=key).click().run()


def act(at: AppTest, action: str) -> AppTest:
    pills = next(one for one in at.get("button_group") if one.key == "action")
    return pills.set_value(Action(action)).run()


def detail(at: AppTest, name: str) -> AppTest:
    pills = next(one for one in at.get("button_group") if one.key == "detail")
    return pills.set_value(Detail(name)).run()


def field(at: AppTest, label: str) -> Any:
    kinds = (at.text_input, at.text_area, at.selectbox, at.checkbox, at.radio)
    return next(one for kind in kinds for one in kind if one.label == label)


def badges(at: AppTest) -> str:
    return " ".join(one.value for one in at.markdown if "-badge[" in one.value)
