package io.repackd.container;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.repackd.cli.Repackd;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

class AlertRulesTest {
  private static final Path FILES = Path.of("deploy", "prometheus");
  private static final Path RULES = FILES.resolve("alerts.yml");

  private static void assumePromtool() {
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

  @Test
  void theRulesAskForMetricsThatArePublished() throws IOException {
    Set<String> published =
        matches(
            "(?m)^(\\w+)[{ ]",
            Files.readString(Path.of("src/test/resources/io/repackd/metrics/exposition.txt")));

    assertThat(matches("\\b(repackd_\\w+)", Files.readString(RULES)))
        .isNotEmpty()
        .isSubsetOf(published);
  }

  @Test
  void theTextsNameCommandsThatExist() throws IOException {
    Set<String> commands = new CommandLine(Repackd.class).getSubcommands().keySet();

    assertThat(matches("`repackd ([a-z-]+)", Files.readString(RULES)))
        .isNotEmpty()
        .isSubsetOf(commands);
  }

  /** What the only group of a pattern matches. */
  private static Set<String> matches(String pattern, String text) {
    return Pattern.compile(pattern)
        .matcher(text)
        .results()
        .map(match -> match.group(1))
        .collect(Collectors.toSet());
  }

  private static Output promtool(String verb, String what, String file) {
    assumePromtool();
    return Output.of(new ProcessBuilder("promtool", verb, what, file).directory(FILES.toFile()));
  }
}
