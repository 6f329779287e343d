// `rewrite:` of a route: what becomes of path and query.

import Model

extension ValueReader {
    func rewrite() -> Rewrite? {
        object { fields in
            var rewrite = Rewrite()
            let template = fields.take("path")
            let prefix = fields.take("path_prefix")
            if template != nil, prefix != nil {
                fields.report(
                    .conflictingFields, "a path is rewritten by one of path and path_prefix")
            }
            if let template {
                rewrite.path = template.pathTemplate().map(PathRewrite.template)
            } else if let prefix {
                rewrite.path = prefix.prefixRewrite()
            }
            rewrite.query = fields.take("query")?.queryRewrite()
            return rewrite
        }
    }

    /// Begins with `/`, so that the result does.
    private func pathTemplate() -> Template? {
        guard let text = line(limit: 4_096) else { return nil }
        guard text.hasPrefix("/"), Self.isPathText(text) else {
            report(
                .invalidValue,
                "\(quoted(text)) makes no path: it begins with /, and spaces, ? # and letters beyond "
                    + "ASCII are written as %XX")
            return nil
        }
        return template(limit: 4_096)
    }

    private func prefixRewrite() -> PathRewrite? {
        object { fields -> PathRewrite? in
            let from = fields.require("from", "the prefix that is replaced")?.pathPrefix()
            let to = fields.require("to", "what stands in its place, / for nothing")?.pathPrefix()
            guard let from, let to else { return nil }
            return .prefix(from: from, to: to)
        }?.flatMap { $0 }
    }

    private func queryRewrite() -> QueryRewrite? {
        object { fields in
            QueryRewrite(
                kept: fields.take("keep").map { $0.list().compactMap { $0.keptLine(limit: 255) } },
                removed: fields.take("remove").map {
                    $0.list().compactMap { $0.keptLine(limit: 255) }
                } ?? [],
                set: fields.take("set")?.queryParameters() ?? [],
                added: fields.take("add")?.queryParameters() ?? [])
        }
    }

    private func queryParameters() -> [QueryParameter] {
        guard let fields = mapping() else { return [] }
        return fields.all().compactMap { entry in
            guard (1...256).contains(entry.key.utf8.count),
                !entry.key.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F })
            else {
                entry.value.report(
                    .invalidValue,
                    "\(ConfigurationLanguage.quoted(entry.key)) names no parameter",
                    at: entry.keyPosition)
                return nil
            }
            return entry.value.headerTemplate().map {
                QueryParameter(name: entry.key, value: $0)
            }
        }
    }
}
