"""Enrolling with the camera of a browser: a fake one that shows a portrait, none, and one that may not be used."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import BrowserType, Page, expect

from tests.web.conftest import FLAGS
from tests.web.site import Served
from tests.web.test_access import AXE, violations

pytestmark = pytest.mark.slow


def y4m(portrait: Path, out: Path) -> Path:
    """Two frames of a portrait, 640 x 480, as a fake camera plays them (YUV4MPEG2, 4:2:0)."""
    with Image.open(portrait) as image:
        rgb = np.asarray(image.convert("RGB").resize((640, 480)))
    planes = cv2.cvtColor(rgb, cv2.COLOR_RGB2YUV_I420).tobytes()
    out.write_bytes(b"YUV4MPEG2 W640 H480 F30:1 Ip A1:1 C420jpeg\n" + 2 * (b"FRAME\n" + planes))
    return out


@contextmanager
def camera_page(chromium: BrowserType, *flags: str, allowed: bool = True) -> Iterator[Page]:
    """A page of a browser of its own: there is one fake camera for each."""
    browser = chromium.launch(executable_path=shutil.which("chromium"), args=[*FLAGS, *flags])
    context = browser.new_context(permissions=["camera"] if allowed else [], locale="en-GB")
    yield context.new_page()
    browser.close()


FAKE = "--use-fake-device-for-media-stream"


def test_somebody_enrols_with_three_photos_of_the_camera(site: Served, chromium: BrowserType, tmp_path: Path) -> None:
    video = y4m(site.club.portrait("Dov"), tmp_path / "dov.y4m")
    flags = (FAKE, "--use-fake-ui-for-media-stream", f"--use-file-for-fake-video-capture={video}")
    token = site.club.invite("Dov", "find", "ask", options=("--holder", "organisation"))
    with camera_page(chromium, *flags) as page:
        page.goto(f"{site.origin}/i/{token}")
        if AXE.is_file():
            assert violations(page, AXE.read_text("utf-8")) == []
        page.check("input[name=agree][value=find]")
        page.click("[data-start]")
        for n in range(3):
            expect(page.locator("[data-take]")).to_be_visible()
            for _ in range(20):  # a camera that has just begun may still be dark: then the page says so
                page.click("[data-take]")
                page.wait_for_timeout(250)
                if page.locator("[data-taken] img").count() > n:
                    break
            expect(page.locator("[data-taken] img"), page.inner_text("[data-words]")).to_have_count(n + 1)
        expect(page.locator("[data-words]")).to_contain_text("That is enough")
        page.click("main form > button")
        expect(page.locator("h1")).to_have_text("You are enrolled")
    assert site.archive.consents.templates.packs_of(site.club.ids["Dov"])


def test_without_a_camera_or_without_leave_to_use_it_photos_are_chosen(site: Served, chromium: BrowserType) -> None:
    token = site.club.invite("Dov", "find", options=("--holder", "organisation"))
    for flags, said in (((), "No camera was found"), ((FAKE, "--deny-permission-prompts"), "may not be used")):
        with camera_page(chromium, *flags, allowed=False) as page:
            page.goto(f"{site.origin}/i/{token}")
            page.click("[data-start]")
            expect(page.locator("[data-words]")).to_contain_text(said)
            assert page.locator("input[name=photo]").is_visible()
