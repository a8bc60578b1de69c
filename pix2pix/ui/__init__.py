"""The app in the browser. Gradio is imported here and nowhere else."""

import os

# Read by Gradio and huggingface_hub on import: the app works offline and reports to nobody.
os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
