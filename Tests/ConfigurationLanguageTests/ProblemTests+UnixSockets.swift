// Mistakes with unix sockets and with sockets that were passed, with the places where they are reported.

import ConfigurationLanguage

extension ProblemTests {
    static let mistakesWithUnixSockets: [Mistake] = [
        Mistake(
            "frontends:\n  f: {bind: unix:a, routes: [{respond: {}}]}", .invalidValue, 3, 13,
            "/frontends/f/bind"),
        Mistake(
            "frontends:\n  f: {bind: 'unix:/a/./b', routes: [{respond: {}}]}", .invalidValue, 3, 13,
            "/frontends/f/bind"),
        Mistake(
            "admin: {socket: {path: /a}}\nfrontends:\n  f: {bind: 'unix:/a', "
                + "routes: [{respond: {}}]}", .protectedAddress, 4, 13, "/frontends/f/bind"),
        Mistake(
            "backends:\n  b: {check: {tcp: {}, port: 1}, servers: {s: {address: 'unix:/a'}}}",
            .conflictingFields, 3, 14, "/backends/b/check"),
        Mistake(
            "frontends:\n  f: {bind: ['unix:/a', 'unix:/a'], routes: [{respond: {}}]}",
            .duplicateAddress, 3, 25, "/frontends/f/bind/1"),
        Mistake(
            "frontends:\n  f: {bind: {address: unix:/a, user_timeout: 1s}, "
                + "routes: [{respond: {}}]}", .conflictingFields, 3, 32,
            "/frontends/f/bind/user_timeout"),
        Mistake(
            "frontends:\n  f: {bind: {address: 'unix:@a', mode: '0600'}, "
                + "routes: [{respond: {}}]}", .conflictingFields, 3, 34, "/frontends/f/bind/mode"),
        Mistake(
            "frontends:\n  f: {bind: 'fd:2', routes: [{respond: {}}]}", .invalidValue, 3, 13,
            "/frontends/f/bind"),
        Mistake(
            "frontends:\n  f: {bind: 'fd:05', routes: [{respond: {}}]}", .invalidValue, 3, 13,
            "/frontends/f/bind"),
        Mistake(
            "frontends:\n  f: {bind: 'fd:', routes: [{respond: {}}]}", .invalidValue, 3, 13,
            "/frontends/f/bind"),
        Mistake(
            "frontends:\n  f: {bind: 'fd:a b', routes: [{respond: {}}]}", .invalidValue, 3, 13,
            "/frontends/f/bind"),
        Mistake(
            "frontends:\n  f: {bind: 'fd@5', routes: [{respond: {}}]}", .invalidValue, 3, 13,
            "/frontends/f/bind", "fd:5"),
        Mistake(
            "frontends:\n  f: {bind: ['fd:5', 'fd:web', 'fd:5'], routes: [{respond: {}}]}",
            .duplicateAddress, 3, 32, "/frontends/f/bind/2"),
        Mistake(
            "frontends:\n  f: {bind: {address: 'fd:web', interface: eth0}, "
                + "routes: [{respond: {}}]}", .conflictingFields, 3, 33,
            "/frontends/f/bind/interface"),
    ]
}
