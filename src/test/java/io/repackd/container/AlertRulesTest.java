package io.repackd.container;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class AlertRulesTest {
  private static final Path FILES = Path.of("deploy", "prometheus");

  @BeforeEach
  void needsPromtool() {
    assumeTrue(
        Pattern.compile(File.pathSeparator)
            .splitAsStream(System.getenv("PATH"))
            .anyMatch(directory -> Files.isExecutable(Path.of(directory, "promtool"))),
        "promtool is not installed (Debian: apt-get install prometheus)");
  }

  @Test
  void theScrapeConfigurationIsValidAndFindsTheRules() {
    assertThat(promtool("check", "config", "scrape.yml"))
        .returns(0, Output::status)
        .satisfies(output -> assertThat(output.out()).contains("1 rule files found"));
  }

  @Test
  void theRulesAreValid() {
    assertThat(promtool("check", "rules", "alerts.yml")).returns(0, Output::status);
  }

  @Test
  void theRulesFireWhenTheyShouldAndOnlyThen() {
    assertThat(promtool("test", "rules", "alerts.test.yml")).returns(0, Output::status);
  }

  private static Output promtool(String verb, String what, String file) {
    return Output.of(new ProcessBuilder("promtool", verb, what, file).directory(FILES.toFile()));
  }
}
