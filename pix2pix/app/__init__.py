"""The app in the browser. Gradio is imported here and nowhere else."""

import os

# Read by Gradio and huggingface_hub on import: the app works offline and reports to nobody.
os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")

# Read by torch's OpenMP on import: threads that wait for one another sleep. By default they spin,
# and where other processes want the cores keep each other from running: measured on two cores
# beside two training runs, 1000 ms a drawing instead of 40.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
