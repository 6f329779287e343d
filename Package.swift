// swift-tools-version: 6.2
import PackageDescription

// A folder below Sources/Shared and Sources/ControlPlane is a target; the data plane is one module
// (docs/decisions/0001-one-data-plane-module.md). What may import what: ARCHITECTURE.md.

let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .strictMemorySafety(),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .treatAllWarnings(as: .error),
]

func shared(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(
        name: name, dependencies: dependencies, path: "Sources/Shared/\(name)",
        swiftSettings: strict)
}

func controlPlane(
    _ name: String, folder: String? = nil, _ dependencies: [Target.Dependency] = []
) -> Target {
    .target(
        name: name, dependencies: dependencies, path: "Sources/ControlPlane/\(folder ?? name)",
        swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(
        name: "\(name)Tests", dependencies: dependencies, path: "Tests/\(name)Tests",
        swiftSettings: strict)
}

let hummingbirdCore = Target.Dependency.product(name: "HummingbirdCore", package: "hummingbird")
let httpTypes = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")
let nioHTTPTypes = Target.Dependency.product(name: "NIOHTTPTypes", package: "swift-nio-extras")
let argumentParser = Target.Dependency.product(
    name: "ArgumentParser", package: "swift-argument-parser")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioEmbedded = Target.Dependency.product(name: "NIOEmbedded", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let nioTLS = Target.Dependency.product(name: "NIOTLS", package: "swift-nio")

let package = Package(
    name: "apus",
    products: [
        .executable(name: "apus", targets: ["apus"]),
        .executable(name: "apus-worker", targets: ["apus-worker"]),
    ],
    dependencies: [
        .package(url: "https://github.com/hummingbird-project/hummingbird", exact: "2.28.1"),
        .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras", exact: "1.35.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", exact: "2.37.6"),
        .package(url: "https://github.com/apple/swift-http-types", exact: "1.8.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
        .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
        .package(url: "https://github.com/groue/GRDB.swift", exact: "7.10.0"),
    ],
    targets: [
        // Shared: what both planes import.
        .target(name: "CLinux", path: "Sources/Shared/C/CLinux"),
        .systemLibrary(
            name: "CJansson", path: "Sources/Shared/C/CJansson", pkgConfig: "jansson",
            providers: [.apt(["libjansson-dev"])]),
        .systemLibrary(
            name: "CCrypt", path: "Sources/Shared/C/CCrypt",
            providers: [.apt(["libcrypt-dev"])]),
        .systemLibrary(
            name: "COpenSSL", path: "Sources/Shared/C/COpenSSL", pkgConfig: "libcrypto",
            providers: [.apt(["libssl-dev"])]),
        .systemLibrary(
            name: "CSystemd", path: "Sources/Shared/C/CSystemd", pkgConfig: "libsystemd",
            providers: [.apt(["libsystemd-dev"])]),
        shared("Syscalls", ["CLinux"]),
        shared("Clock", ["CLinux"]),
        shared("JSON", ["CJansson"]),
        shared("Model"),
        shared("Passwords", ["CCrypt"]),
        shared("Wire", ["JSON", "Model"]),
        shared("SharedState", ["CLinux", "Syscalls"]),

        // Control plane: the master, its API and the `apus` program.
        .target(name: "CContract", path: "Sources/ControlPlane/C/CContract"),
        controlPlane("Supervisor", ["Clock"]),
        // Not called Configuration: a package that Hummingbird needs has a target of that name.
        controlPlane(
            "ConfigurationLanguage", folder: "Configuration",
            ["CContract", "COpenSSL", "JSON", "Model", "Passwords", yams]),
        controlPlane(
            "Store",
            ["Clock", "ConfigurationLanguage", "JSON", "SharedState", "Supervisor", grdb]),
        controlPlane(
            "Master",
            [
                "CSystemd", "Clock", "ConfigurationLanguage", "JSON", "Model", "SharedState",
                "Store",
                "Supervisor",
                "Syscalls", "Wire", logging,
            ]),
        controlPlane(
            "AdminAPI",
            [
                "Clock", "ConfigurationLanguage", "JSON", "Master", "Model", "SharedState", "Store",
                "Supervisor", "Syscalls", hummingbirdCore, httpTypes, logging, nioCore, nioHTTP1,
                nioHTTPTypes, nioPosix, nioSSL, nioTLS,
            ]),
        .executableTarget(
            name: "apus",
            dependencies: [
                "AdminAPI", "Clock", "ConfigurationLanguage", "JSON", "Master", "Model", "Syscalls",
                "Wire", argumentParser, logging, nioCore, nioPosix, nioHTTP1, nioSSL, nioTLS,
            ],
            path: "Sources/ControlPlane/CommandLine", swiftSettings: strict),

        // Data plane: the worker.
        .target(
            name: "DataPlane",
            dependencies: [
                "CLinux", "Clock", "JSON", "Model", "Passwords", "SharedState", "Syscalls", "Wire",
            ],
            path: "Sources/DataPlane", exclude: ["Program"], swiftSettings: strict),
        .executableTarget(
            name: "apus-worker", dependencies: ["DataPlane", "Wire"],
            path: "Sources/DataPlane/Program",
            swiftSettings: strict),

        // Tests mirror the sources.
        tests("Model", ["Model"]),
        tests("Wire", ["JSON", "Model", "Wire"]),
        tests("ConfigurationLanguage", ["ConfigurationLanguage", "JSON", "Model", "TestKit"]),
        tests(
            "DataPlane",
            ["Clock", "DataPlane", "JSON", "Model", "SharedState", "Syscalls", "Wire"]),
        tests("Clock", ["Clock"]),
        tests("Syscalls", ["Clock", "Syscalls"]),
        tests("JSON", ["JSON", "Model"]),
        tests("SharedState", ["SharedState", "Syscalls"]),
        tests("Supervisor", ["Clock", "Supervisor"]),
        tests("Simulation", ["Clock", "Supervisor"]),

        // Tests on real processes, and their tools.
        .target(name: "TestKit", path: "Tests/TestKit", swiftSettings: strict),
        tests("TestKit", ["TestKit"]),
        .executableTarget(
            name: "HostileWorker", dependencies: ["Clock", "SharedState", "Syscalls", "Wire"],
            path: "Tests/HostileWorker", swiftSettings: strict),
        .executableTarget(
            name: "StoreWriter",
            dependencies: [
                "Clock", "ConfigurationLanguage", "SharedState", "Store", "Supervisor",
            ],
            path: "Tests/StoreWriter", swiftSettings: strict),
        tests(
            "Store",
            [
                "Clock", "ConfigurationLanguage", "SharedState", "Store", "StoreWriter",
                "Supervisor", "TestKit", grdb,
            ]),
        tests(
            "Master",
            [
                "Clock", "ConfigurationLanguage", "HostileWorker", "JSON", "Master", "Model",
                "SharedState", "Store",
                "Supervisor",
                "Syscalls", "TestKit", "Wire", logging,
            ]),
        tests(
            "AdminAPI",
            [
                "AdminAPI", "Clock", "ConfigurationLanguage", "JSON", "Master", "Model",
                "SharedState", "Store", "Supervisor", "TestKit", httpTypes, logging, nioCore,
                nioEmbedded, nioHTTP1, nioHTTPTypes, yams,
            ]),
        tests("CommandLine", ["apus", "Clock", "JSON", "TestKit", argumentParser, yams]),
        .target(
            name: "FuzzTargets",
            dependencies: ["ConfigurationLanguage", "DataPlane", "JSON", "Model", "Wire"],
            path: "Tests/FuzzTargets", swiftSettings: strict),
        tests("Fuzz", ["FuzzTargets"]),
        tests("Tidy", []),
        tests("Integration", ["TestKit"]),
    ]
)

// Only `make fuzz` builds it: it needs libFuzzer and the address sanitizer.
if Context.environment["APUS_FUZZ"] != nil {
    package.targets.append(
        .executableTarget(
            name: "Fuzz",
            dependencies: ["FuzzTargets"], path: "Tests/Fuzz", exclude: ["seeds"],
            swiftSettings: strict))
}

// `make tsan` and `make asan` leave out what needs a third-party package: a sanitizer would have to
// build all of those too, and what they do is not ours to find.
if Context.environment["APUS_SANITIZED"] != nil {
    let ours: Set = [
        "CLinux", "CCrypt", "CJansson", "Syscalls", "Clock", "JSON", "Model", "Passwords", "Wire",
        "SharedState",
        "Supervisor", "DataPlane", "TestKit",
    ]
    package.targets.removeAll { target in
        let name = target.name.hasSuffix("Tests") ? String(target.name.dropLast(5)) : target.name
        return !ours.contains(name) && name != "Simulation"
    }
    package.dependencies = []
    package.products = []
}
