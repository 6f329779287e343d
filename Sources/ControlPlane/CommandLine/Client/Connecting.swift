// A client's connection before it is one. Runs on the event loop that it is given.

import NIOCore
import NIOPosix

struct Connecting {
    private let bootstrap: ClientBootstrap

    init(_ loop: any EventLoop) {
        bootstrap = ClientBootstrap(group: loop).connectTimeout(.seconds(10))
    }

    private init(_ bootstrap: ClientBootstrap) {
        self.bootstrap = bootstrap
    }

    func initialize(_ body: @escaping @Sendable (any Channel) throws -> Void) -> Connecting {
        Connecting(
            bootstrap.channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try body(channel) }
            })
    }

    func connect(unixDomainSocketPath path: String) -> EventLoopFuture<any Channel> {
        bootstrap.connect(unixDomainSocketPath: path)
    }

    func connect(host: String, port: Int) -> EventLoopFuture<any Channel> {
        bootstrap.connect(host: host, port: port)
    }
}
