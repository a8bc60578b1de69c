"""Leaving the page: what the browser asks before, and what it has kept for the next visit."""

import base64
from typing import Any

import numpy as np


class Questions:
    """What the browser asks before the page is left; `stay` is the answer."""

    def __init__(self, page: Any) -> None:
        self.asked: list[str] = []
        self.stay = False
        page.on("dialog", self._answer)

    def _answer(self, dialog: Any) -> None:
        self.asked.append(dialog.type)
        dialog.dismiss() if self.stay else dialog.accept()


def wait_until_kept(page: Any, sheet: np.ndarray) -> None:
    """Until a reload would bring this drawing back."""
    page.wait_for_function(
        "(ids) => Object.values(localStorage).some((text) => text.includes(ids))",
        arg=base64.b64encode(sheet.tobytes()).decode(),
    )


def wait_for_kept_files(page: Any, count: int) -> None:
    """Until the browser keeps so many files for the app."""
    page.wait_for_function(
        """async (count) => count === await new Promise((resolve, reject) => {
            const request = indexedDB.open('pix2pix-photos');
            request.onerror = () => reject(request.error);
            request.onsuccess = () => {
                const all = request.result.transaction('files').objectStore('files').count();
                all.onsuccess = () => {
                    request.result.close();
                    resolve(all.result);
                };
            };
        })""",
        arg=count,
    )
