"""The playground: parts and checks in a page, with Python in the reader's own browser.

``build`` makes a static site of pinned inputs; ``web`` is what the browser runs, and ``inside``
what Python runs there. A part stays byte for byte what it is on a computer, and so does the
lab's page: only its ``transport.js`` is another one.
"""
