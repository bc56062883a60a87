"""The page: the only floor that imports gradio."""
