// How the status page looks, and the policy that lets a browser use that and nothing else.

enum StatusPageStyle {
    /// Without foreign resources, in the reader's own colours, light or dark. A tone is a bar of
    /// colour beside the word that says the same.
    static let sheet: StaticString = """
        :root{color-scheme:light dark}
        body{font:14px/1.4 system-ui,sans-serif;margin:1rem}
        h1{font-size:1.4rem;margin:0}
        h2{font-size:1.15rem;margin:1.5rem 0 .5rem}
        nav ul{list-style:none;padding:0;margin:.5rem 0}
        nav li{display:inline;margin-right:1rem}
        table{border-collapse:collapse;margin:.5rem 0;font-variant-numeric:tabular-nums}
        caption{text-align:left;font-weight:600;padding:.25rem 0}
        th,td{border:1px solid #8888;padding:.15rem .5rem;text-align:right;vertical-align:top}
        thead th{background:#8882;vertical-align:bottom}
        th[scope=row]{font-weight:600}
        tfoot th,tfoot td{border-top-width:3px}
        .t,.good,.warning,.bad,.off,th[scope=row]{text-align:left}
        .good{border-left:.4rem solid #2e9e4f}
        .warning{border-left:.4rem solid #d98200;font-weight:600}
        .bad{border-left:.4rem solid #d32f2f;font-weight:600}
        .off{border-left:.4rem solid #5c6bc0}
        """

    /// SHA-256 of `sheet` in base64, as browsers compute it (CSP Level 3 §6.7.2.3); a test does so too.
    static let digest = "fkjtek3fFKUCQAlwc/aEFLP1lDBVqsBsp5dPWnmNE9A="

    /// Styles of that digest only: no script, image, font or form, no frame around it.
    static let policy =
        "default-src 'none'; style-src 'sha256-\(digest)'; base-uri 'none'; form-action 'none'; "
        + "frame-ancestors 'none'"
}
