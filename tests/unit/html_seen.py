"""What a test sees of an HTML page: its tags, what it points to, its cells and its text."""

from html.parser import HTMLParser


class Seen(HTMLParser):
    """Tags, addresses, cells and text of a page, in their order."""

    def __init__(self):
        super().__init__()
        self.tags, self.sources, self.cells, self.text = [], [], [], ""

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.sources += [value for name, value in attrs if name in ("src", "href")]
        self.cells += [""] if tag == "td" else []

    def handle_data(self, data):
        self.text += data
        if self.cells:
            self.cells[-1] += data


def parsed(html: str) -> Seen:
    """Return what is seen of a page."""
    seen = Seen()
    seen.feed(html)
    return seen
