"""What Python runs in the page, and nowhere else: it may import `js` and `pyodide`."""
