"""The style sheet of all pages; the class of a page's body says which kind it is."""

STYLE = """
:root{color-scheme:light dark;--ink:#1f2933;--soft:#5f6c7b;--line:#dfe4ea;--page:#fbfbfa;--card:#fff;--notice:#fff4ec;
--link:#1f5fa8;--error:#b3261e;--warning:#9a6700;--note:#3b6ea5}
@media (prefers-color-scheme:dark){:root{--ink:#e6e9ed;--soft:#9aa6b2;--line:#343c46;--page:#161a1f;--card:#1d2228;
--notice:#2a211b;--link:#8bb8e8;--error:#f2867f;--warning:#e0b252;--note:#8bb8e8}}
body{margin:0 auto;padding:2rem 1.25rem 4rem;background:var(--page);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
h1{font-size:1.6rem;font-weight:600;margin:0 0 .3rem}h2{font-size:1.2rem;font-weight:600;margin:2.4rem 0 .6rem}
h1,p,li{overflow-wrap:anywhere}p{margin:.3rem 0 .8rem}a{color:var(--link)}small,.soft{color:var(--soft)}
table{border-collapse:collapse;font-size:.93rem;font-variant-numeric:tabular-nums}
th,td{text-align:left;padding:.4rem .8rem .4rem 0;border-bottom:1px solid var(--line);vertical-align:top}
th{font-weight:600;color:var(--soft)}td.number,th.number{text-align:right}
.scroll{overflow-x:auto}img{display:block}
.table{max-width:84rem}.table th,.table td{padding-right:1.4rem}.table td{white-space:nowrap}
.table ul{margin:2.2rem 0 0;padding-left:1.1rem;color:var(--soft);font-size:.93rem;max-width:60rem}
.figure{padding:1rem;font-size:15px}.figure h1{font-size:1.15rem;margin:0}
.figure p{color:var(--soft);margin:.1rem 0 .8rem}
.figure input{position:absolute;opacity:0}.figure label{display:block;overflow:auto}
.figure img{height:auto;background:#fff;width:100%;max-width:var(--width);cursor:zoom-in}
.figure input:checked+img{width:max(var(--width),180%);max-width:none;cursor:zoom-out}
.figure input:focus-visible+img{outline:2px solid var(--note)}
.audit{max-width:60rem}.audit table{width:100%}.audit tr.differs td{color:var(--warning)}.verdict{font-size:1.1rem}
article{background:var(--card);border:1px solid var(--line);border-left:4px solid var(--mark);border-radius:6px;
padding:.7rem 1rem;margin:.6rem 0;overflow-wrap:anywhere}
article h3{font-size:1rem;font-weight:600;margin:0;color:var(--mark)}article p{margin:.3rem 0}
.error{--mark:var(--error)}.warning{--mark:var(--warning)}.note{--mark:var(--note)}
code{font:.88em ui-monospace,monospace;background:var(--page);padding:.1em .3em;border-radius:3px}
summary{cursor:pointer;color:var(--soft)}
.notice{border-left:4px solid #d55e00;background:var(--notice);padding:.6rem 1rem}
.index{max-width:60rem}.index dl{display:grid;grid-template-columns:max-content 1fr;gap:.2rem 1.2rem;margin:1rem 0}
.index dt{color:var(--soft)}.index dd{margin:0;overflow-wrap:anywhere}
.links{padding-left:1.1rem}.links li{margin:.25rem 0}
.index details{margin-top:1.6rem}.index details td{overflow-wrap:anywhere}
@media print{body{max-width:none;padding:0;background:#fff;color:#000}
details::details-content{content-visibility:visible}a{color:inherit}section,tr{break-inside:avoid}}
.light{border-left:6px solid var(--mark);padding:.3rem 1rem}.care{color:var(--warning)}
.green{--mark:#2e7d32}.amber{--mark:#e0a100}.red{--mark:var(--error)}
"""
