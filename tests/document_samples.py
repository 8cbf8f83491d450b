"""Small documents in the structure of the programs that write them.

Each holds ``WORDS``, once: in its text, a table, a note, a comment, a box, a header and a footer,
as far as its format has them.
"""

from __future__ import annotations

from tests.export_samples import zipped

_ODF = "urn:oasis:names:tc:opendocument:xmlns"
_OFFICE_NAMES = (
    f'xmlns:office="{_ODF}:office:1.0" xmlns:text="{_ODF}:text:1.0" xmlns:table="{_ODF}:table:1.0" '
    f'xmlns:draw="{_ODF}:drawing:1.0" xmlns:style="{_ODF}:style:1.0" '
    'xmlns:dc="http://purl.org/dc/elements/1.1/"'
)
_XML = '<?xml version="1.0" encoding="UTF-8"?>'


_NOTE = (
    "<text:note><text:note-citation>1</text:note-citation><text:note-body><text:p>footnoted</text:p>"
    "</text:note-body></text:note>"
)
_COMMENT = (
    "<office:annotation><dc:creator>Bo</dc:creator><text:p>commented</text:p></office:annotation>"
)


def odt(body: str = "") -> bytes:
    content = f"""{_XML}<office:document-content {_OFFICE_NAMES}><office:body><office:text>
<text:tracked-changes><text:changed-region><text:deletion><text:p>struck</text:p></text:deletion>
</text:changed-region></text:tracked-changes>
<text:h text:outline-level="1">Lease</text:h>
<text:p>The <text:span>rent</text:span> is<text:s text:c="2"/>450<text:tab/>euros{_NOTE} due
{_COMMENT}.</text:p>
<text:p><draw:frame><draw:text-box><text:p>boxed</text:p></draw:text-box></draw:frame></text:p>
<text:list><text:list-item><text:p>listed</text:p></text:list-item></text:list>
<table:table><table:table-row><table:table-cell><text:p>left</text:p></table:table-cell>
<table:table-cell><text:p>right</text:p></table:table-cell></table:table-row></table:table>{body}
</office:text></office:body></office:document-content>"""
    styles = f"""{_XML}<office:document-styles {_OFFICE_NAMES}><office:master-styles>
<style:master-page><style:header><text:p>headed</text:p></style:header><style:footer>
<text:p>footed</text:p></style:footer></style:master-page></office:master-styles>
</office:document-styles>"""
    return zipped(
        {
            "mimetype": "application/vnd.oasis.opendocument.text",
            "content.xml": content,
            "styles.xml": styles,
        }
    )


_DRAWING = (
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" '
    'xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main"'
)
_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def _relations(*targets: tuple[str, str, str]) -> str:
    each = "".join(
        f'<Relationship Id="{one}" Type="{_RELATIONS}/{kind}" Target="{target}"/>'
        for one, kind, target in targets
    )
    names = "http://schemas.openxmlformats.org/package/2006/relationships"
    return f'{_XML}<Relationships xmlns="{names}">{each}</Relationships>'


def _shape(kind: str, *texts: str) -> str:
    paragraphs = "".join(f"<a:p><a:r><a:t>{text}</a:t></a:r></a:p>" for text in texts)
    return (
        f'<p:sp><p:nvSpPr><p:nvPr><p:ph type="{kind}"/></p:nvPr></p:nvSpPr>'
        f"<p:txBody>{paragraphs}</p:txBody></p:sp>"
    )


def _slide(*shapes: str) -> str:
    return (
        f"{_XML}<p:sld {_DRAWING}><p:cSld><p:spTree>{''.join(shapes)}</p:spTree></p:cSld></p:sld>"
    )


def pptx() -> bytes:
    table = (
        "<p:graphicFrame><a:graphic><a:graphicData><a:tbl><a:tr><a:tc><a:txBody><a:p><a:r>"
        "<a:t>left</a:t></a:r></a:p></a:txBody></a:tc><a:tc><a:txBody><a:p><a:r><a:t>right</a:t>"
        "</a:r></a:p></a:txBody></a:tc></a:tr></a:tbl></a:graphicData></a:graphic></p:graphicFrame>"
    )
    return zipped(
        {
            "[Content_Types].xml": f"{_XML}<Types/>",
            "ppt/presentation.xml": f"{_XML}<p:presentation {_DRAWING}><p:sldIdLst>"
            '<p:sldId id="256" r:id="rId9"/><p:sldId id="257" r:id="rId8"/></p:sldIdLst>'
            "</p:presentation>",
            "ppt/_rels/presentation.xml.rels": _relations(
                ("rId8", "slide", "slides/slide1.xml"), ("rId9", "slide", "/ppt/slides/slide2.xml")
            ),
            "ppt/slides/slide2.xml": _slide(
                _shape("title", "Lease"),
                _shape("body", "The rent is 450 euros due", "listed"),
                _shape("sldNum", "7"),
            ),
            "ppt/slides/_rels/slide2.xml.rels": _relations(
                ("rId1", "notesSlide", "../notesSlides/notesSlide1.xml"),
                ("rId2", "comments", "../comments/comment1.xml"),
                ("rId3", "diagramData", "../diagrams/data1.xml"),
            ),
            "ppt/slides/slide1.xml": _slide(table),
            "ppt/notesSlides/notesSlide1.xml": _slide(_shape("body", "footnoted")),
            "ppt/comments/comment1.xml": f"{_XML}<p:cmLst {_DRAWING}><p:cm><p:text>commented"
            "</p:text></p:cm></p:cmLst>",
            "ppt/diagrams/data1.xml": f"{_XML}<d {_DRAWING}><a:p><a:r><a:t>boxed</a:t></a:r>"
            "</a:p></d>",
        }
    )


def epub(page: str = "<p>headed footed boxed commented</p>") -> bytes:
    names = 'xmlns="http://www.w3.org/1999/xhtml"'
    return zipped(
        {
            "mimetype": "application/epub+zip",
            "META-INF/container.xml": f'{_XML}<container xmlns="urn:oasis:names:tc:opendocument:'
            'xmlns:container"><rootfiles><rootfile full-path="OEBPS/content.opf" '
            'media-type="application/oebps-package+xml"/></rootfiles></container>',
            "OEBPS/content.opf": f'{_XML}<package xmlns="http://www.idpf.org/2007/opf"><metadata '
            'xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>The Lease</dc:title></metadata>'
            '<manifest><item id="b" href="text/two%20.xhtml" media-type="application/xhtml+xml"/>'
            '<item id="a" href="text/one.xhtml" media-type="application/xhtml+xml"/>'
            '<item id="n" href="nav.xhtml" properties="nav" media-type="application/xhtml+xml"/>'
            '<item id="c" href="s.css" media-type="text/css"/></manifest>'
            '<spine><itemref idref="a"/><itemref idref="b"/></spine></package>',
            "OEBPS/nav.xhtml": f"<html {names}><body><nav>Lease</nav></body></html>",
            "OEBPS/text/one.xhtml": f"{_XML}<!DOCTYPE html><html {names}><head><title>x</title>"
            "</head><body><h1>Lease</h1><p>The rent is 450 euros due</p><ul><li>listed</li></ul>"
            "<table><tr><td>left</td><td>right</td></tr></table></body></html>",
            "OEBPS/text/two .xhtml": f"<html {names}><body>{page}<aside>footnoted</aside></body>"
            "</html>",
        }
    )


RTF = (
    r"{\rtf1\ansi\ansicpg1252\deff0{\fonttbl{\f0\fswiss\fcharset0 Arial;}{\f1\fcharset204 Cyr;}}"
    r"{\colortbl;\red0\green0\blue0;}{\stylesheet{\s1 heading 1;}}{\info{\author Bo}{\title T}}"
    r"{\header\pard headed\par}{\footer footed\par}"
    "\n"
    r"\pard\outlinelevel0 Lease\par\pard\plain The {\b rent} is 450 euros{\super\chftn{\footnote"
    r"\pard\plain footnoted\par}} due{\*\annotation commented}."
    r"\par caf\'e9 \u8364? \u-10179?\u-8704? {\f1\'cf\'f0\'e8} na\u239\'efve \{x\} "
    r'{\field{\*\fldinst HYPERLINK "https://lease.example/a"}{\fldrslt online}}\par'
    r"{\*\generator Riched20}{\*\unknown secret}{\listtext 1.\tab}listed\par"
    r"\trowd left\cell right\cell\row"
    r"{\shp{\*\shpinst{\sp{\sn a}{\sv 1}}{\shptxt boxed\par}}{\shprslt struck}}"
    "{\\pict\\wmetafile8\\bin4 \x01}\\{ 0a0b}}"
).encode("latin-1")

WORDS = (
    *("Lease", "rent", "450", "euros", "due", "listed", "left", "right"),
    *("footnoted", "commented", "boxed"),
)
MARGINS = ("headed", "footed")
NOT_SHOWN = ("struck", "secret", "Riched20", "Arial", "Cyr", "heading 1", "0a0b", "Bo")

DOCUMENTS = {
    "lease.odt": odt(),
    "lease.pptx": pptx(),
    "lease.epub": epub(),
    "lease.rtf": RTF,
}
