"""The pix2pix studio in the browser: `python app.py`, then http://127.0.0.1:7860."""

from pix2pix.app.main import main

__all__ = ["main"]

if __name__ == "__main__":
    main()
