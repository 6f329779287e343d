// How many clients are let in where nobody said so.

import Model
import Testing

@Suite struct ProcessSettingsTests {
    /// Each with a connection to a server, and what loops need besides.
    @Test(arguments: [
        (1_024, 1, 416), (1_024, 2, 832), (4_096, 1, 1_856), (20_000, 1, 9_311),
        (1_048_576, 1, 50_000), (.max, 64, 50_000), (64, 1, 16), (0, 1, 16), (-1, 64, 16),
    ])
    func connectionLimit(descriptors: Int, workers: Int, expected: Int) {
        var settings = ProcessSettings()
        settings.workers = workers
        #expect(settings.connectionLimit(descriptors: descriptors) == expected)
        settings.maxConnections = 100_000
        #expect(settings.connectionLimit(descriptors: descriptors) == 100_000)
    }
}
