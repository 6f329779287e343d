// The whole API in one list. A new resource is added here and in api/openapi.yaml; a test compares
// the two.

enum AdminRoutes {
    static func table(port: any ControlPort, version: String) -> RouteTable {
        let others =
            HealthResource(port: port).routes + StatusResource(port: port).routes
            + GenerationResource(port: port).routes + ReloadResource(port: port).routes
        return RouteTable(IndexResource(version: version, others: others).routes + others)
    }
}
