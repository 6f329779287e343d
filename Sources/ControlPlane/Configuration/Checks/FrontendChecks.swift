// Frontends that others hand connections over to: each exists, speaks HTTP, and can be reached.

import Model

extension ConfigurationReading {
    /// A TCP route leads to a frontend that exists and is of mode http; who binds no address is led to.
    func checkFrontends(_ frontends: [MappingReader.Entry], _ configuration: Configuration) {
        let names = frontends.map(\.key)
        let known = Set(names)
        let modes = Dictionary(
            configuration.frontends.map { ($0.name, $0.mode) }, uniquingKeysWith: { one, _ in one })
        for reference in document.frontendReferences where !problems.isFull {
            guard known.contains(reference.name) else {
                reference.value.reportUnknown("frontend", reference.name, among: names)
                continue
            }
            if modes[reference.name] == .tcp {
                reference.value.report(
                    .wrongMode,
                    "frontend \(quoted(reference.name)) is of mode tcp, a connection is handed over to "
                        + "one of mode http only")
            }
        }
        let reached = Set(document.frontendReferences.map(\.name))
        for frontend in document.frontendsWithoutBind where !reached.contains(frontend.name) {
            frontend.value.report(
                .unreachableFrontend,
                "no client reaches frontend \(quoted(frontend.name)): it has no \"bind\", such as "
                    + "[\"*:80\", \"[::]:80\"], and no route of mode tcp leads to it")
        }
    }
}
