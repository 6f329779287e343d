// Short ways to read a text in a test.

import ConfigurationLanguage
import Model
import Testing

func read(_ text: String) -> ConfigurationResult {
    ConfigurationSource(text: ConfigurationText(text), fileName: "test.yaml").read()
}

func read(bytes: [UInt8]) -> ConfigurationResult {
    ConfigurationSource(text: ConfigurationText(bytes: bytes), fileName: "test.yaml").read()
}

/// The configuration of a text that must be without errors.
func configuration(_ text: String, _ location: SourceLocation = #_sourceLocation) throws
    -> Configuration
{
    switch read(text) {
    case .valid(let configuration, _): return configuration
    case .invalid(let problems):
        for problem in problems { Issue.record("\(problem)", sourceLocation: location) }
        throw problems[0]
    }
}

extension ConfigurationResult {
    var errors: [ConfigurationProblem] {
        if case .invalid(let problems) = self { problems } else { [] }
    }

    var warnings: [ConfigurationProblem] {
        if case .valid(_, let warnings) = self { warnings } else { [] }
    }
}
