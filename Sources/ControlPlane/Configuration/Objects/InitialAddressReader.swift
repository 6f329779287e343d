// `initial_address:` of backends and servers.

import Model

extension ValueReader {
    private enum Term {
        case source(InitialAddress.Source)
        case address(SocketAddress.Host)
        case none
    }

    /// `last` and `dns` in any order, or one of them, or neither; then `none` or an address.
    func initialAddress() -> InitialAddress? {
        guard let items = items("a list such as [last, dns, none]") else { return nil }
        guard let end = items.last, items.count <= 3 else {
            report(.invalidValue, "a list of one to three is needed, such as [last, dns, none]")
            return nil
        }
        var initial = InitialAddress(sources: [])
        for item in items.dropLast() {
            switch item.initialTerm() {
            case .source(let source)?:
                if initial.sources.contains(source) {
                    item.report(.invalidValue, "\(quoted(source.rawValue)) stands there twice")
                }
                initial.sources.append(source)
            case .address?, Term.none?:
                item.report(
                    .invalidValue,
                    "\"none\" and an address end the list: what stands behind them is never used")
            case nil: break
            }
        }
        switch end.initialTerm() {
        case .address(let host)?: initial.fallback = host
        case .source?:
            end.report(
                .invalidValue,
                "the list must end with \"none\" or an address: what if that does not say either?")
        case Term.none?, nil: break
        }
        return initial
    }

    private func initialTerm() -> Term? {
        let text = scalar("last, dns, none or an address without a port")?.text
        if let first = text?.first, first.isNumber || text?.contains(":") == true {
            return sourceAddress().map { .address($0) }
        }
        let names: [(name: String, value: Term)] =
            InitialAddress.Source.allCases.map { ($0.rawValue, .source($0)) } + [("none", .none)]
        return choice(names, orElse: "an address without a port")
    }
}
