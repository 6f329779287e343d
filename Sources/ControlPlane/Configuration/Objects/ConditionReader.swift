// `conditions.NAME`: matches with a name, which routes and other conditions use.

import Model

extension ValueReader {
    func condition(_ name: String) -> Condition? {
        reading.document.conditionBeingRead = name
        defer { reading.document.conditionBeingRead = nil }
        return conditionMatch().map { Condition(name: name, match: $0) }
    }

    /// The name of a condition, noted for the check of references.
    ///
    /// - Parameter mode: of the frontend; nil in a condition.
    func conditionName(_ mode: ProxyMode?) -> String? {
        guard !refusesReference(as: "the name of a condition"), let name = line() else {
            return nil
        }
        reading.document.conditionReferences.append(
            .init(
                name: name, from: reading.document.conditionBeingRead, mode: mode, value: self))
        return name
    }
}

extension ConfigurationReading {
    /// Every condition that is named exists, none leads back to itself, each is of use.
    func checkConditions(
        _ conditions: [MappingReader.Entry], _ configuration: Configuration
    ) {
        let names = conditions.map(\.key)
        let known = Set(names)
        var uses: [String: [DocumentReading.ConditionReference]] = [:]
        for reference in document.conditionReferences where !problems.isFull {
            guard known.contains(reference.name) else {
                reference.value.report(
                    .unknownReference,
                    "no condition is named \(quoted(reference.name))",
                    suggestion: Suggestion.nearest(to: reference.name, in: names))
                continue
            }
            if let from = reference.from { uses[from, default: []].append(reference) }
        }
        let used = Set(document.conditionReferences.map(\.name))
        for condition in conditions where !used.contains(condition.key) {
            condition.value.report(
                .unusedCondition, "no match names condition \(quoted(condition.key))",
                at: condition.keyPosition, severity: .warning)
        }
        checkCycles(names, uses)
        checkModes(configuration.conditions)
        if conditions.count > Configuration.conditionsMax, let first = conditions.first {
            first.value.report(
                .tooLarge,
                "\(conditions.count) conditions, a configuration has at most "
                    + "\(Configuration.conditionsMax)")
        }
    }

    /// A connection has no requests, and a request no first bytes: a route names no condition that, by
    /// itself or by those that it names, looks at what is not there.
    private func checkModes(_ conditions: [Condition]) {
        let ofRequests = Self.names(conditions) { $0.looksAtRequests }
        let ofConnections = Self.names(conditions) {
            !$0.serverNames.isEmpty || $0.speaksHTTP != nil
        }
        for reference in document.conditionReferences where !problems.isFull {
            switch reference.mode {
            case .tcp? where ofRequests.contains(reference.name):
                reference.value.report(
                    .wrongMode,
                    "condition \(quoted(reference.name)) looks at requests, and a frontend of mode tcp "
                        + "sees none: client_ip, port, sni and http are all there is")
            case .http? where ofConnections.contains(reference.name):
                reference.value.report(
                    .wrongMode,
                    "condition \(quoted(reference.name)) looks at \"sni\" or \"http\", which have no "
                        + "meaning in a frontend of mode http, match the host")
            case .tcp?, .http?, nil: break
            }
        }
    }

    /// Of the conditions that do so, or name one that does. Each round finds the next ones up.
    private static func names(
        _ conditions: [Condition], that look: (RouteMatch) -> Bool
    ) -> Set<String> {
        var found = Set(conditions.filter { look($0.match) }.map(\.name))
        var before = -1
        while before != found.count {
            before = found.count
            for condition in conditions {
                let named = condition.match.all + condition.match.any + condition.match.none
                if named.contains(where: found.contains) { found.insert(condition.name) }
            }
        }
        return found
    }

    /// Follows each name once; a way that comes upon itself is reported where it closes. Without
    /// recursion: the depth is the document's.
    private func checkCycles(
        _ names: [String], _ uses: [String: [DocumentReading.ConditionReference]]
    ) {
        var isDone: Set<String> = []
        for name in names where !isDone.contains(name) {
            var way: [(name: String, next: Int)] = [(name, 0)]
            var isOnWay: Set<String> = [name]
            while let last = way.last {
                let references = uses[last.name] ?? []
                guard last.next < references.count else {
                    isDone.insert(last.name)
                    isOnWay.remove(last.name)
                    way.removeLast()
                    continue
                }
                way[way.count - 1].next += 1
                let reference = references[last.next]
                if isOnWay.contains(reference.name) {
                    reference.value.report(
                        .referenceCycle,
                        "condition \(quoted(reference.name)) leads back to itself")
                } else if !isDone.contains(reference.name) {
                    way.append((reference.name, 0))
                    isOnWay.insert(reference.name)
                }
            }
        }
    }
}

extension RouteMatch {
    /// Whether any of it is about a request; conditions aside.
    fileprivate var looksAtRequests: Bool {
        var ofConnection = RouteMatch()
        ofConnection.serverNames = serverNames
        ofConnection.speaksHTTP = speaksHTTP
        ofConnection.clientRanges = clientRanges
        ofConnection.ports = ports
        (ofConnection.all, ofConnection.any, ofConnection.none) = (all, any, none)
        return self != ofConnection
    }
}
