// /v1/openapi.json: the contract itself, from inside the program, so that an installed master has
// it without a file beside it. Counterpart: `OpenAPIDocument`, which `make generate` writes.

struct DocumentResource: Sendable {
    var routes: [Route] {
        [
            Route(
                method: .get, path: "/v1/openapi.json",
                summary: "This API as an OpenAPI 3.1 document"
            ) { request in
                YAMLMediaType.isWanted(by: request.accept)
                    ? .text(OpenAPIDocument.yaml, type: "application/yaml")
                    : .text(OpenAPIDocument.json, type: "application/json")
            }
        ]
    }
}
