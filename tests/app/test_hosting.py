"""docs/hosting.md: the Caddy block, over plain HTTP. The nginx block: test_browser_proxy.py."""

import re
import shutil
import subprocess
from pathlib import Path

import httpx
import pytest
from helpers.proxies import wait_for_port
from helpers.running import ROOT, free_port
from helpers.serving import serve
from helpers.stand_ins import PaletteDrawer, SepiaColorizer

from pix2pix.app.assets import ASSETS_URL
from pix2pix.app.server.request_filter import MAX_FORM_BYTES

DOCUMENT = (ROOT / "docs/hosting.md").read_text()
CADDY = shutil.which("caddy")
KEY = "0123456789abcdef" * 2


def test_both_proxies_let_the_largest_upload_through() -> None:
    assert f"client_max_body_size {MAX_FORM_BYTES >> 20}m;" in DOCUMENT
    assert f"max_size {MAX_FORM_BYTES >> 20}MiB" in DOCUMENT


@pytest.mark.skipif(CADDY is None, reason="caddy is not installed: apt install caddy")
def test_the_caddy_block_serves_the_app(upload_folder: Path, tmp_path: Path) -> None:
    found = re.search(r"```caddy\n(.*?)```", DOCUMENT, re.DOTALL)
    assert found and CADDY
    for url in serve(PaletteDrawer(), SepiaColorizer(), root_path="/studio"):
        port = free_port()
        block = found[1].replace("127.0.0.1:7860", url.split("/")[2])
        options = "{\n\tadmin off\n\tauto_https off\n}\n"
        config = tmp_path / "Caddyfile"
        config.write_text(options + block.replace("example.org", f"http://127.0.0.1:{port}", 1))
        command = [CADDY, "run", "--config", str(config), "--adapter", "caddyfile"]
        log = (tmp_path / "caddy.log").open("w")
        process = subprocess.Popen(command, stderr=log, text=True)
        try:
            wait_for_port(process, port)
            check_caddy(f"http://127.0.0.1:{port}/studio")
        finally:
            process.terminate()
            process.wait(120)
            log.close()


def check_caddy(address: str) -> None:
    with httpx.Client(timeout=120, trust_env=False, follow_redirects=True) as client:
        page = client.get(address)
        assert page.url == f"{address}/" and f'"root":"{address}"' in page.text
        assert client.get(f"{address}/{ASSETS_URL}/js/draw/draw.js").status_code == 200
        headers = {"x-studio-key": KEY, "x-photo-name": "a.png"}
        photos = f"{address}/studio-api/colorize/photos"
        answer = client.post(photos, content=bytes(3 << 20), headers=headers)
        assert "a.png: " in answer.json()["error"], "it has come: no image"
        too_large = client.post(photos, content=bytes(66 << 20), headers=headers)
        assert too_large.status_code in (413, 502), "the second is what Caddy 2.6 says"
