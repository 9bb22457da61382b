"""A report as one self-contained HTML file: inline style and pictures, no script, light and dark."""

from dora import scorecards
from dora.errors import SourceError
from dora.metrics import Report


def html(report: Report, by: str = "") -> str:
    """The report as an HTML document; with columns for each period where `by` is "week" or "month".

    Raises SourceError where Jinja is not installed."""
    try:
        import jinja2  # here, so that figures in text and JSON need no more than Python
        from markupsafe import Markup
    except ImportError:
        raise SourceError("--html needs Jinja: pip install jinja2") from None
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(scorecards.PAGES),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    styles = [(scorecards.PAGES / name).read_text("utf-8") for name in ("report.css", "scorecards.css")]
    return environment.get_template("report.html").render(
        report=report,
        cards=scorecards.scorecards(report),
        addresses=scorecards.Addresses(),
        style=Markup("\n".join(styles)),  # noqa: S704  the stylesheets beside the template
        by=by,
        **scorecards.FOR_TEMPLATE,
    )
