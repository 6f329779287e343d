// The whole API in one list. A new resource is added here and in api/openapi.yaml; a test compares
// the two.

enum AdminRoutes {
    static func table(
        port: any ControlPort, version: String, tally: AdminTally = AdminTally(),
        places: WatcherPlaces = WatcherPlaces(), rosters: [ConnectionRoster] = [],
        certificates: CertificateRoster = CertificateRoster()
    ) -> RouteTable {
        let others =
            HealthResource(port: port).routes
            + MetricsResource(
                port: port, tally: tally, places: places, rosters: rosters,
                certificates: certificates
            ).routes
            + StatusResource(port: port).routes + StatsResource(port: port).routes
            + StatusPageResource(port: port).routes
            + EventResource(port: port, places: places).routes
            + GenerationResource(port: port).routes + BackendResource(port: port).routes
            + SessionResource(port: port).routes
            + ReloadResource(port: port).routes + LogResource(port: port).routes
            + DocumentResource().routes + SchemaResource().routes + AuditResource(port: port).routes
            + ConfigurationResource(port: port).routes + RevisionResource(port: port).routes
        return RouteTable(IndexResource(version: version, others: others).routes + others)
    }
}
