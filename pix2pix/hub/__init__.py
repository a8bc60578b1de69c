"""The Hugging Face Hub: checkpoints by name, from it and to it. huggingface_hub lives here only."""
