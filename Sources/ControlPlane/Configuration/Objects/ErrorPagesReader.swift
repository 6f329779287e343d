// `errors:` of `defaults` and of a frontend: what answers of our own say.

import Model

extension ValueReader {
    /// By status, those of `inherited` where there is no other.
    func errorPages(inherited: [ErrorPage] = []) -> [ErrorPage]? {
        guard let fields = mapping() else { return nil }
        var pages = Dictionary(
            inherited.map { ($0.status, $0) }, uniquingKeysWith: { one, _ in one })
        for entry in fields.all() {
            guard entry.key.utf8.count == 3, let status = Int(entry.key),
                (400...599).contains(status)
            else {
                entry.value.report(
                    .invalidValue,
                    "\(ConfigurationLanguage.quoted(entry.key)) is no status of an error, must be 400 "
                        + "to 599",
                    at: entry.keyPosition)
                continue
            }
            if let page = entry.value.errorPage(status) { pages[status] = page }
        }
        return pages.values.sorted { $0.status < $1.status }
    }

    /// Kept by every loop's worker, and written into memory that it has anyway.
    private static var bodyBytesMax: Int { 32 << 10 }

    private func errorPage(_ status: Int) -> ErrorPage? {
        object { fields -> ErrorPage? in
            let type = fields.take("type")?.keptLine(limit: 255)
            let body = fields.take("body")
            let file = fields.take("file")
            guard (body == nil) != (file == nil) else {
                fields.report(
                    body == nil ? .missingField : .conflictingFields,
                    "an error page has either a body or a file")
                return nil
            }
            var template = body?.template(limit: Self.bodyBytesMax, .errorPage)
            if let file, let path = file.fileName(),
                let bytes = reading.document.references.file(
                    path, limit: Self.bodyBytesMax, of: file)
            {
                template = file.template(ofFile: bytes, path)
            }
            return ErrorPage(
                status: status, contentType: type ?? "text/html; charset=utf-8",
                body: template ?? Template(parts: []))
        }?.flatMap { $0 }
    }
}
