// YAML among media types. Pure, any thread.

enum YAMLMediaType {
    /// RFC 9512 §2.1, and the names that were usual before it.
    static let names = ["application/yaml", "application/x-yaml", "text/yaml"]

    /// Whether Accept asks for it. Without that, JSON is answered.
    static func isWanted(by accept: String?) -> Bool {
        (accept ?? "").split(separator: ",").contains { type in
            names.contains(
                type.prefix { $0 != ";" }.filter { $0 != " " && $0 != "\t" }.lowercased())
        }
    }
}
