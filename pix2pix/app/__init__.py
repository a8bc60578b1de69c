"""The app in the browser. Gradio is imported here and nowhere else."""

import os

# Environment variables that libraries read on import. This file runs before any module of the app,
# so before they import Gradio and torch.

# Gradio and huggingface_hub: the app works offline and reports to nobody.
os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")

# OpenMP, which torch uses: threads that wait for one another sleep. By default they spin, and keep
# other processes from running: on two cores beside two training runs a drawing took 1000 ms, and
# 40 ms with this.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
