"""Measured and predicted losses as a picture: one band per row and status."""

from xml.sax.saxutils import escape

LEFT, RIGHT, TOP, BAND = 250, 30, 62, 26
WIDTH = 860
MEASURED, PREDICTED, GREY = "#1b6ca8", "#c8501e", "#888888"


def svg(judged):
    """Bars from mean - sd to mean + sd with a mark at the mean; the allowed range in grey."""
    bands = [
        (row["name"], status, have, want if predicted else None, limit, fits)
        for row, predicted, lines, _ in judged
        for status, have, want, limit, fits in lines
        if status != "requests"
    ]
    top = max([have["mean"] + have["sd"] for _, _, have, _, _, _ in bands] + [1.0]) * 1.1
    top = max([top] + [want["mean"] + want["sd"] for _, _, _, want, _, _ in bands if want])
    height = TOP + BAND * len(bands) + 34
    step = tick(top)

    def x(value):
        return LEFT + (WIDTH - LEFT - RIGHT) * max(0.0, value) / top

    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}"'
        ' font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        '<text x="10" y="20" font-size="15">Requests lost per run: measured and predicted</text>',
        f'<text x="10" y="42" fill="{MEASURED}">measured, mean and standard deviation</text>',
        f'<text x="275" y="42" fill="{PREDICTED}">predicted</text>',
        f'<text x="345" y="42" fill="{GREY}">grey: where the predicted mean may lie</text>',
    ]
    value = 0.0
    while value <= top:
        out.append(
            f'<line x1="{x(value):.1f}" y1="{TOP - 8}" x2="{x(value):.1f}" y2="{height - 28}" stroke="#dddddd"/>'
            f'<text x="{x(value):.1f}" y="{height - 12}" text-anchor="middle">{value:g}</text>'
        )
        value += step
    name_before = None
    for i, (name, status, have, want, limit, fits) in enumerate(bands):
        y = TOP + BAND * i + BAND / 2
        label = f"{name}  {status}" if name != name_before else status
        name_before = name
        out.append(f'<text x="{LEFT - 10}" y="{y + 4:.1f}" text-anchor="end">{escape(label)}</text>')
        if want:
            low, high = x(have["mean"] - limit), x(have["mean"] + limit)
            out.append(f'<rect x="{low:.1f}" y="{y - 10:.1f}" width="{high - low:.1f}" height="20" fill="#ececec"/>')
        out.append(mark(x, have, y - 4, MEASURED))
        if want:
            out.append(mark(x, want, y + 4, PREDICTED))
        note = "" if fits and want else "not predicted" if not want else "misses"
        if note:
            out.append(f'<text x="{x(have["mean"] + have["sd"]) + 8:.1f}" y="{y + 4:.1f}" fill="{GREY}">{note}</text>')
    out.append("</svg>\n")
    return "\n".join(out)


def mark(x, of, y, colour):
    low, high, middle = x(of["mean"] - of["sd"]), x(of["mean"] + of["sd"]), x(of["mean"])
    return (
        f'<line x1="{low:.1f}" y1="{y:.1f}" x2="{high:.1f}" y2="{y:.1f}" stroke="{colour}" stroke-width="2"/>'
        f'<circle cx="{middle:.1f}" cy="{y:.1f}" r="3.5" fill="{colour}"/>'
    )


def tick(top):
    """The smallest 1, 2 or 5 times a power of ten that leaves at most eight lines."""
    step = 1.0
    while top / step > 8:
        for factor in (2, 2.5, 2):
            step *= factor
            if top / step <= 8:
                break
    return step
