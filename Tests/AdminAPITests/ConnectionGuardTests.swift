// Deadlines and the last answer of a connection, on a loop whose time is the test's.

import HTTPTypes
import NIOCore
import NIOEmbedded
import NIOHTTP1
import NIOHTTPTypes
import Testing

@testable import AdminAPI

struct ConnectionGuardTests {
    private static let head = HTTPRequestPart.head(
        HTTPRequest(method: .post, scheme: "http", authority: "x", path: "/v1/reloads"))

    private func channel() throws -> EmbeddedChannel {
        let channel = EmbeddedChannel(handler: ConnectionGuard())
        try channel.connect(to: SocketAddress(unixDomainSocketPath: "x")).wait()
        return channel
    }

    private func status(_ channel: EmbeddedChannel) throws -> Int? {
        guard case .head(let head) = try channel.readOutbound(as: HTTPResponsePart.self) else {
            return nil
        }
        return head.status.code
    }

    @Test func aBodyThatDoesNotComeIsAnswered() throws {
        let channel = try channel()
        try channel.writeInbound(Self.head)
        channel.embeddedEventLoop.advanceTime(by: .seconds(9))
        try channel.writeInbound(HTTPRequestPart.body(ByteBuffer(string: "{")))
        #expect(try status(channel) == nil)
        // A byte now and then does not move the deadline.
        channel.embeddedEventLoop.advanceTime(by: .seconds(1))
        #expect(try status(channel) == 408)
        channel.embeddedEventLoop.advanceTime(by: ConnectionGuard.lingerTime)
        #expect(!channel.isActive)
    }

    @Test func aWholeRequestHasAllTheTimeItWaits() throws {
        let channel = try channel()
        try channel.writeInbound(Self.head)
        try channel.writeInbound(HTTPRequestPart.end(nil))
        channel.embeddedEventLoop.advanceTime(by: .seconds(300))
        #expect(try status(channel) == nil)
        #expect(channel.isActive)
        _ = try channel.finish()
    }

    @Test func theLastAnswerIsReadBeforeTheEnd() throws {
        let channel = try channel()
        try channel.writeInbound(Self.head)
        var response = HTTPResponse(status: .contentTooLarge)
        response.headerFields[.connection] = "close"
        try channel.writeOutbound(HTTPResponsePart.head(response))
        try channel.writeOutbound(HTTPResponsePart.end(nil))
        #expect(try status(channel) == 413)
        _ = try channel.readInbound(as: HTTPRequestPart.self)
        // What still comes is thrown away, and the end is near.
        try channel.writeInbound(HTTPRequestPart.body(ByteBuffer(repeating: 0, count: 65_536)))
        #expect(try channel.readInbound(as: HTTPRequestPart.self) == nil)
        channel.embeddedEventLoop.advanceTime(by: ConnectionGuard.lingerTime)
        #expect(!channel.isActive)
    }

    @Test func nothingIsSaidIntoAnAnswerThatHasBegun() throws {
        let channel = try channel()
        try channel.writeInbound(Self.head)
        try channel.writeOutbound(HTTPResponsePart.head(HTTPResponse(status: .ok)))
        channel.pipeline.fireErrorCaught(HTTPParserError.invalidConstant)
        #expect(try status(channel) == 200)
        #expect(try channel.readOutbound(as: HTTPResponsePart.self) == nil)
    }
}
