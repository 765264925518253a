package io.repackd.config;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigValue;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReferenceTest {
  private static final Path EXAMPLE = Path.of("config/repackd.conf");

  private final ConfigObject reference = ConfigurationLoader.reference();

  @TempDir Path directory;

  @Test
  void theLoaderKnowsTheKeysOfTheReferenceAndNoOthers() {
    Environment environment =
        new Environment(Map.of(), Path.of("/home/a"), false, Path.of("/etc/repackd"));
    Complaints complaints = new Complaints();
    ConfigurationReader reader = new ConfigurationReader(reference, environment, complaints);
    reader.read(List.of(), List.of());

    assertThat(reader.keys()).containsExactlyInAnyOrderElementsOf(leaves().keySet());
  }

  @Test
  void everyKeyOfTheReferenceIsExplained() {
    assertThat(leaves())
        .allSatisfy((key, value) ->
            assertThat(String.join(" ", value.origin().comments())).hasSizeGreaterThan(40));
  }

  @Test
  void theKeysThatOnlyEntriesHaveAreExplainedThere() {
    String comments =
        String.join(
            "\n", reference.toConfig().getValue(KnownKeys.REPOSITORIES).origin().comments());
    assertThat(comments).contains("   " + KnownKeys.PATH + "  ", "   " + KnownKeys.NAME + "  ");
  }

  @Test
  void theReferenceIsItselfAConfigurationWithoutComplaints() throws Exception {
    TemporaryConfiguration temporary = new TemporaryConfiguration(directory);
    assertThat(temporary.load(Files.readString(Path.of("config/reference.conf"))))
        .usingRecursiveComparison()
        .isEqualTo(temporary.load(""));
  }

  @Test
  void theExampleMeansTheDefaults() throws Exception {
    TemporaryConfiguration temporary = new TemporaryConfiguration(directory);
    assertThat(temporary.load(Files.readString(EXAMPLE)))
        .usingRecursiveComparison()
        .isEqualTo(temporary.load(""));
  }

  @Test
  void theExampleIsRightWhenItsCommentSignsAreTakenAway() throws Exception {
    TemporaryConfiguration temporary = new TemporaryConfiguration(directory);
    String text = Files.readString(EXAMPLE).replaceAll("(?m)^( *)#(?! )", "$1");

    Configuration configuration = temporary.load(text);

    assertThat(configuration.repositories()).hasSize(3);
    assertThat(configuration)
        .usingRecursiveComparison()
        .ignoringFields("repositories")
        .isEqualTo(temporary.load(""));
  }

  private Map<String, ConfigValue> leaves() {
    Map<String, ConfigValue> leaves = new TreeMap<>();
    reference.forEach((key, value) ->
        leaves(key, value).forEach(leaf -> leaves.put(leaf.getKey(), leaf.getValue())));
    return leaves;
  }

  private static Stream<Map.Entry<String, ConfigValue>> leaves(String path, ConfigValue value) {
    return value instanceof ConfigObject group
        ? group.entrySet().stream().flatMap(e -> leaves(path + "." + e.getKey(), e.getValue()))
        : Stream.of(Map.entry(path, value));
  }
}
