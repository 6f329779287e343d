// The document as a whole: its top-level fields, in the order in which one needs the other, and
// those of the files that it includes, which hold named things only.

import Model

extension ValueReader {
    /// The including file with the others. Of value only if no error was reported.
    func configuration(including included: [ValueReader]) -> Configuration? {
        object { fields in
            checkVersion(fields.require("version", "begin the file with version: 1"))
            fields.take("labels")?.checkLabels()
            checkInclude(fields.take("include"))
            var configuration = Configuration()
            if let process = fields.take("process")?.processSettings() {
                configuration.process = process
            }
            if let admin = fields.take("admin")?.adminSettings() { configuration.admin = admin }
            if let log = fields.take("log")?.logSettings() { configuration.log = log }
            let (timeouts, errors) = fields.take("defaults")?.defaults() ?? (Timeouts(), [])
            var named = NamedThings()
            named.add(&fields)
            for file in included {
                file.addNamedThings(to: &named)
            }
            configuration.backends =
                Self.named("backend", in: named.backends) { name, value in
                    value.backend(name, timeouts)
                }
            configuration.maps =
                Self.named("map", in: named.maps) { name, value in value.valueMap(name) }
            configuration.conditions =
                Self.named("condition", in: named.conditions) { name, value in
                    value.condition(name)
                }
            configuration.rateLimits =
                Self.named("rate limit", in: named.rateLimits) { name, value in
                    value.rateLimit(name)
                }
            configuration.users =
                Self.named("list of users", in: named.users) { name, value in
                    value.userList(name)
                }
            configuration.frontends =
                Self.named("frontend", in: named.frontends) { name, value in
                    value.frontend(name, timeouts, errors)
                }
            fields.notSupportedYet("certificates")
            reading.checkDocument(
                configuration, backends: named.backends.flatMap(\.mappingEntries),
                conditions: named.conditions.flatMap(\.mappingEntries),
                maps: named.maps.flatMap(\.mappingEntries))
            reading.checkFrontends(named.frontends.flatMap(\.mappingEntries), configuration)
            reading.checkStickyTables(named.backends.flatMap(\.mappingEntries), configuration)
            reading.checkRateLimits(named.rateLimits.flatMap(\.mappingEntries), configuration)
            reading.checkUserLists(named.users.flatMap(\.mappingEntries))
            return configuration
        }
    }

    private func checkVersion(_ version: ValueReader?) {
        _ = version?.integer(in: 1...1)
    }

    private func defaults() -> (Timeouts, [ErrorPage])? {
        object { fields in
            (
                fields.take("timeouts")?.timeouts(.defaults, inherited: Timeouts()) ?? Timeouts(),
                fields.take("errors")?.errorPages() ?? []
            )
        }
    }

    private func checkInclude(_ include: ValueReader?) {
        guard let include else { return }
        let patterns = include.includePatterns()
        guard let findings = reading.document.includeFindings else {
            if !patterns.isEmpty {
                include.report(
                    .fileMissing,
                    "a text that is not read from its folder comes without the files that it "
                        + "includes; send what \"apus config bundle FILE\" prints")
            }
            return
        }
        let items = include.list()
        for finding in findings where items.indices.contains(finding.index) {
            items[finding.index].report(
                finding.code, finding.message, severity: finding.severity)
        }
    }

    /// An included file. Settings of the whole process in it would be hard to find, and two files
    /// could contradict each other.
    private func addNamedThings(to named: inout NamedThings) {
        _ = object { fields in
            checkVersion(fields.take("version"))
            fields.take("labels")?.checkLabels()
            named.add(&fields)
            fields.refuse(
                ["process", "admin", "log", "defaults"], .misplacedField,
                "belongs into the including file; an included one holds frontends, backends, "
                    + "conditions, maps, rate_limits, users and labels")
            fields.refuse(
                ["include"], .misplacedField,
                "is for the including file: an included one includes no others")
            fields.notSupportedYet("certificates")
        }
    }

    private struct NamedThings {
        var backends: [ValueReader] = []
        var frontends: [ValueReader] = []
        var conditions: [ValueReader] = []
        var maps: [ValueReader] = []
        var rateLimits: [ValueReader] = []
        var users: [ValueReader] = []

        mutating func add(_ fields: inout MappingReader) {
            if let value = fields.take("backends") { backends.append(value) }
            if let value = fields.take("frontends") { frontends.append(value) }
            if let value = fields.take("conditions") { conditions.append(value) }
            if let value = fields.take("maps") { maps.append(value) }
            if let value = fields.take("rate_limits") { rateLimits.append(value) }
            if let value = fields.take("users") { users.append(value) }
        }
    }
}
