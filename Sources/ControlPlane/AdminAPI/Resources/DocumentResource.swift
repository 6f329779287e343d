// /v1/openapi.json: the contract itself, from inside the program, so that an installed master has
// it without a file beside it. Counterpart: `OpenAPIDocument`, which `make generate` writes.

struct DocumentResource: Sendable {
    var routes: [Route] {
        [
            Route(
                method: .get, path: "/v1/openapi.json",
                summary: "This API as an OpenAPI 3.1 document"
            ) { request in
                Self.wantsYAML(request.accept)
                    ? .text(OpenAPIDocument.yaml, type: "application/yaml")
                    : .text(OpenAPIDocument.json, type: "application/json")
            }
        ]
    }

    /// RFC 9512 §2.1, with the names that were usual before it. JSON unless YAML is asked for.
    private static func wantsYAML(_ accept: String?) -> Bool {
        let names = ["application/yaml", "application/x-yaml", "text/yaml"]
        return (accept ?? "").split(separator: ",").contains { type in
            names.contains(
                type.prefix { $0 != ";" }.filter { $0 != " " && $0 != "\t" }.lowercased())
        }
    }
}
