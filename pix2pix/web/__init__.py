"""The page without a server: static files that run the models in the visitor's browser."""
