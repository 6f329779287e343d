// /v1/schema: the JSON Schema of the configuration language, as the program holds it.

import ConfigurationLanguage

struct SchemaResource: Sendable {
    var routes: [Route] {
        [
            Route(
                method: .get, path: "/v1/schema/config.json",
                summary: "The JSON Schema of the configuration"
            ) { _ in
                Answer.document(ConfigurationSchema.bytes, type: "application/schema+json")
            }
        ]
    }
}
