package io.repackd.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.repackd.cli.GitArguments.Option;
import java.util.List;
import org.junit.jupiter.api.Test;

class GitArgumentsTest {
  private static final Option SIZE = new Option("batch-size", true, false);
  private static final Option DIRECTORY = Option.value("directory");
  private static final Option BARE = Option.flag("bare");
  private static final List<Option> KNOWN = List.of(SIZE, DIRECTORY, BARE);

  private static GitArguments parse(String... arguments) throws UsageException {
    return GitArguments.parse(KNOWN, List.of(arguments));
  }

  @Test
  void valuesComeAfterAnEqualsSignOrAsAWord() throws Exception {
    assertThat(parse("--directory=a=b").value(DIRECTORY)).contains("a=b");
    assertThat(parse("--directory=").value(DIRECTORY)).contains("");
    assertThat(parse("--directory", "--bare").value(DIRECTORY)).contains("--bare");
    assertThat(parse("--directory", "a", "--directory=b").value(DIRECTORY)).contains("b");
  }

  @Test
  void theBeginningOfANameIsEnoughIfNoOtherHasIt() throws Exception {
    assertThat(parse("--d=a").value(DIRECTORY)).contains("a");
    assertThat(parse("--bat=1").value(SIZE)).contains("1");
    assertThatThrownBy(() -> parse("--ba=1")).hasMessageContaining("ambiguous");
    assertThat(parse("--no-ba").decides(BARE)).as("the other cannot be taken back").isTrue();
    assertThatThrownBy(() -> parse("--=1")).hasMessageContaining("unknown");
  }

  @Test
  void whatWasGivenCanBeTakenBack() throws Exception {
    assertThat(parse("--bare").has(BARE)).isTrue();
    assertThat(parse("--bare", "--no-bare").has(BARE)).isFalse();
    assertThat(parse("--no-bare", "--bare").has(BARE)).isTrue();
    assertThat(parse().decides(BARE)).isFalse();
    GitArguments before = parse("--bare", "--directory=a");
    GitArguments after = parse("--no-bare").after(before);
    assertThat(after.has(BARE)).isFalse();
    assertThat(after.value(DIRECTORY)).contains("a");
  }

  @Test
  void wordsStandAnywhereAndAfterTwoDashesNothingIsAnOption() throws Exception {
    assertThat(parse("a", "--bare", "b", "--", "--bare").words())
        .containsExactly("a", "b", "--bare");
    GitArguments first =
        GitArguments.parseToFirstWord(KNOWN, List.of("--bare", "verb", "--unknown", "-h"));
    assertThat(first.words()).containsExactly("verb", "--unknown", "-h");
    assertThat(first.help()).isFalse();
    assertThat(parse("a", "-h").help()).isTrue();
    assertThat(parse("-").words()).containsExactly("-");
  }

  @Test
  void numbersAreThoseOfGit() throws Exception {
    assertThat(GitArguments.magnitude(SIZE, "0")).isZero();
    assertThat(GitArguments.magnitude(SIZE, "010")).isEqualTo(8);
    assertThat(GitArguments.magnitude(SIZE, "0x10k")).isEqualTo(16 << 10);
    assertThat(GitArguments.magnitude(SIZE, " +7M")).isEqualTo(7 << 20);
    assertThat(GitArguments.magnitude(SIZE, "3g")).isEqualTo(3L << 30);
    assertThat(GitArguments.magnitude(SIZE, "18446744073709551615")).isEqualTo(Long.MAX_VALUE);
    assertThat(GitArguments.magnitude(SIZE, "17179869183g")).isEqualTo(Long.MAX_VALUE);
    for (String text :
        List.of("", "k", "-1", "1kk", "1 ", "1t", "0x", "9x", "18446744073709551616", "+-1")) {
      assertThatThrownBy(() -> GitArguments.magnitude(SIZE, text))
          .as(text)
          .isInstanceOf(UsageException.class)
          .hasMessageContaining("'" + text + "'");
    }
  }
}
