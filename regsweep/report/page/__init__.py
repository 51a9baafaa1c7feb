"""``report.html``: everything of a sweep on one page that opens from disk and loads nothing."""

from regsweep.report.page.document import Headed, comparison_page, sweep_page

__all__ = ["Headed", "comparison_page", "sweep_page"]
