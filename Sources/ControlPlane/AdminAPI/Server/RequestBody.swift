// The body of a request: whether it may come, what type it has, and its bytes within the bound of
// its route. Runs on the server's threads.

import HTTPTypes
import HummingbirdCore
import NIOCore
import NIOHTTP1
import Synchronization

/// Few bodies may be large at once: together they must fit into memory.
final class LargeBodyPlaces: Sendable {
    static let countMax = 4
    private let taken = Mutex(0)

    func take() -> Bool {
        taken.withLock { taken in
            guard taken < Self.countMax else { return false }
            taken += 1
            return true
        }
    }

    func giveUp() { taken.withLock { $0 -= 1 } }
}

struct RequestBody {
    private let route: Route
    private let places: LargeBodyPlaces

    init(of route: Route, places: LargeBodyPlaces) {
        self.route = route
        self.places = places
    }

    /// What came. Whoever has read it gives up its place.
    struct Collected {
        var bytes: [UInt8]
        fileprivate var places: LargeBodyPlaces?

        func giveUpPlace() { places?.giveUp() }
    }

    static func isAnnounced(by request: Request) -> Bool {
        request.headers[.transferEncoding] != nil
            || (request.headers[.contentLength].map { $0 != "0" } ?? false)
    }

    /// One of those that the route takes; empty for a route that takes no body.
    func mediaType(of request: Request) throws(Problem) -> String {
        guard route.method.hasBody else { return "" }
        let text = request.headers[.contentType] ?? ""
        let type = text.prefix { $0 != ";" }.filter { $0 != " " && $0 != "\t" }.lowercased()
        guard route.mediaTypes.contains(type) else {
            let others = route.mediaTypes.dropFirst().first.map { ", or \($0)" } ?? ""
            throw Problem(
                .unsupportedMediaType,
                "send Content-Type: \(route.mediaTypes[0]), even with an empty body\(others)")
        }
        return type
    }

    /// curl asks before it sends much (RFC 9110 §10.1.1); a body that will be refused is not
    /// asked for.
    func collect(
        _ request: Request, _ writer: borrowing ResponseWriter
    ) async throws -> Collected {
        let announced = try announcedLength(request)
        let isLarge =
            route.bodyBytesMax > AdminServer.bodyBytesMax
            && announced.map { $0 > AdminServer.bodyBytesMax } ?? Self.isAnnounced(by: request)
        if isLarge, !places.take() {
            throw Problem(.tooManyPlans, "too many large bodies at once; try again")
                .adding(field: "Retry-After", "1").closing()
        }
        do {
            if request.headers[.expect]?.lowercased() == "100-continue" {
                try await writer.writeInformationalHead(HTTPResponse(status: .continue))
            }
            return Collected(bytes: try await bytes(request), places: isLarge ? places : nil)
        } catch {
            if isLarge { places.giveUp() }
            throw error
        }
    }

    private func announcedLength(_ request: Request) throws(Problem) -> Int? {
        guard let text = request.headers[.contentLength] else { return nil }
        // More digits than an Int holds are too many, too.
        guard let count = Int(text), count <= route.bodyBytesMax else { throw tooLarge }
        return count
    }

    private func bytes(_ request: Request) async throws -> [UInt8] {
        var collected = ByteBuffer()
        for try await buffer in request.body {
            guard collected.readableBytes + buffer.readableBytes <= route.bodyBytesMax else {
                throw tooLarge
            }
            collected.writeImmutableBuffer(buffer)
        }
        if let announced = request.headers[.contentLength],
            Int(announced) != collected.readableBytes
        {
            throw HTTPParserError.invalidEOFState
        }
        return collected.readBytes(length: collected.readableBytes) ?? []
    }

    private var tooLarge: Problem {
        Problem(.contentTooLarge, "a body may have at most \(route.bodyBytesMax) bytes").closing()
    }
}
