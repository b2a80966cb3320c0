"""The engine: pure Python that decides what runs when, and never imports Django."""
