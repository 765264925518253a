package io.repackd.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ComplaintTest {
  @TempDir Path directory;
  private TemporaryConfiguration temporary;

  @BeforeEach
  void start() {
    temporary = new TemporaryConfiguration(directory);
  }

  /** A semicolon stands for the end of a line. */
  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          # unknown keys
          max-concurent = 3                          | 1 | max-concurent: unknown key; did you mean max-concurrent?
          expire {;min-aeg = 1h;}                    | 2 | expire.min-aeg: unknown key; did you mean expire.min-age?
          min-age = 1h                               | 1 | min-age: unknown key; did you mean aggregate.min-age or expire.min-age or repack.min-age?
          colour = red                               | 1 | colour: unknown key
          "expire.min-age" = 1h                      | 1 | "expire.min-age": unknown key; did you mean aggregate.min-age or expire.min-age or repack.min-age?
          repackd { enabled = true }                 | 1 | repackd: unknown key; did you mean repack?
          a.b.c = 1                                  | 1 | a: unknown key
          # wrong types
          ;expire = 5                                | 2 | expire: give a group of settings, expire { … }
          max-concurrent = []                        | 1 | max-concurrent: a list is not possible; give a number from 1 to 64
          max-concurrent = true                      | 1 | max-concurrent: true is not possible; give a number from 1 to 64
          max-concurrent = {}                        | 1 | max-concurrent: a group of settings is not possible; give a number from 1 to 64
          max-concurrent = null                      | 1 | max-concurrent: null is not possible; give a number from 1 to 64
          max-concurrent = 1.5                       | 1 | max-concurrent: 1.5 is no whole number; give a number from 1 to 64
          enabled = maybe                            | 1 | enabled: maybe is neither true nor false
          enabled = 1                                | 1 | enabled: 1 is not possible; give true or false
          state-directory = 7                        | 1 | state-directory: 7 is not possible; give auto or a directory
          state-directory = ""                       | 1 | state-directory: is empty; give auto or a directory
          state-directory = ~git/state               | 1 | state-directory: ~git/state: only ~ and ~/ are known, not the home directory of somebody else
          # durations
          expire {;; min-age = -1h }                 | 3 | expire.min-age: -1h is negative; give a duration such as 1h
          jitter = 30                                | 1 | jitter: 30 has no unit; give a duration such as 30m
          jitter = 0                                 | 1 | jitter: 0 has no unit; give a duration such as 0m
          jitter = 3 fortnights                      | 1 | jitter: 3 fortnights: there is no unit fortnights; use ms, s, m, h, d or w
          jitter = 25h                               | 1 | jitter: 25h is more than the most, 1d
          jitter = soon                              | 1 | jitter: soon is no duration; give one such as 1h
          jitter = 1h soon                           | 1 | jitter: 1h soon is no duration; give one such as 1h
          expire.min-age = 99999999999999999d        | 1 | expire.min-age: 99999999999999999d is more than the most, 365d
          repack.min-age = 1 MiB                     | 1 | repack.min-age: 1 MiB: there is no unit MiB; use ms, s, m, h, d or w
          aggregate.interval = 999ms                 | 1 | aggregate.interval: 999ms is less than the least, 1s
          aggregate.interval = 2d                    | 1 | aggregate.interval: 2d is more than the most, 1d
          aggregate.min-age = 31d                    | 1 | aggregate.min-age: 31d is more than the most, 30d
          # sizes
          safety.disk-reserve = 100                  | 1 | safety.disk-reserve: 100 has no unit; give a size such as 100 bytes or 10 MiB
          safety.disk-reserve = 1 GB                 | 1 | safety.disk-reserve: 1 GB: there is no unit GB; use bytes, KiB, MiB, GiB or TiB
          safety.disk-reserve = -1 GiB               | 1 | safety.disk-reserve: -1 GiB is negative; give a size such as 1 GiB
          safety.disk-reserve = 2000 TiB             | 1 | safety.disk-reserve: 2000 TiB is more than the most, 1024 TiB
          safety.disk-reserve = lots                 | 1 | safety.disk-reserve: lots is no size; give one such as 10 MiB
          safety.disk-reserve = 0.3 bytes            | 1 | safety.disk-reserve: 0.3 bytes is no whole number of bytes
          log.max-file-size = 1 KiB                  | 1 | log.max-file-size: 1 KiB is less than the least, 64 KiB
          repack.batch-size = 99999999 TiB           | 1 | repack.batch-size: 99999999 TiB is more than the most, 9223372036854775807 bytes
          repack.batch-size = automatic              | 1 | repack.batch-size: automatic is no size; give one such as 10 MiB
          aggregate.max-bytes = 63 KiB               | 1 | aggregate.max-bytes: 63 KiB is less than the least, 64 KiB
          aggregate.max-bytes = 2 TiB                | 1 | aggregate.max-bytes: 2 TiB is more than the most, 1 TiB
          # numbers and words
          max-concurrent = 0                         | 1 | max-concurrent: 0 is out of range; give a number from 1 to 64
          max-concurrent = 65                        | 1 | max-concurrent: 65 is out of range; give a number from 1 to 64
          history.max-cycles = 1000001               | 1 | history.max-cycles: 1000001 is out of range; give a number from 1 to 1000000
          log.max-files = 99999999999999999999       | 1 | log.max-files: 99999999999999999999 is no whole number; give a number from 1 to 1000
          log.level = loud                           | 1 | log.level: loud is not known; give error or warn or info or debug
          safety.foreign-owner = ignore              | 1 | safety.foreign-owner: ignore is not known; give refuse or allow
          aggregate.min-packs = 1                    | 1 | aggregate.min-packs: 1 is out of range; give a number from 2 to 100000
          aggregate.min-loose = 0                    | 1 | aggregate.min-loose: 0 is out of range; give a number from 1 to 10000000
          aggregate.max-packs = 1                    | 1 | aggregate.max-packs: 1 is out of range; give a number from 2 to 100000
          aggregate.max-loose = 10000001             | 1 | aggregate.max-loose: 10000001 is out of range; give a number from 1 to 10000000
          aggregate.max-objects = 0                  | 1 | aggregate.max-objects: 0 is out of range; give a number from 1 to 1000000000
          aggregate.promisor = perhaps               | 1 | aggregate.promisor: perhaps is neither true nor false
          # values that do not go together
          aggregate {;max-packs = 9;}                | 2 | aggregate.max-packs: 9 is less than min-packs, 10
          aggregate.min-packs = 1001                 | 1 | aggregate.min-packs: 1001 is more than max-packs, 1000
          aggregate.max-loose = 255                  | 1 | aggregate.max-loose: 255 is less than min-loose, 256
          # listen
          web.listen = "9842"                        | 1 | web.listen: 9842 is no address with a port; give an address and a port such as 127.0.0.1:9842
          web.listen = 9842                          | 1 | web.listen: 9842 is not possible; give an address such as 127.0.0.1:9842
          web.listen = ":9842"                       | 1 | web.listen: :9842 has no address; give an address and a port such as 127.0.0.1:9842 (0.0.0.0 for all addresses)
          web.listen = "::1:9842"                    | 1 | web.listen: ::1:9842 is no address with a port; give an address and a port such as 127.0.0.1:9842 (IPv6 in brackets: [::1]:9842)
          web.listen = "127.0.0.1:65536"             | 1 | web.listen: 127.0.0.1:65536: port 65536 is more than the most, 65535
          web.listen = "example.org:80"              | 1 | web.listen: example.org:80: example.org is no IP address; host names are not looked up
          web.listen = "127.0.0.1:-1"                | 1 | web.listen: 127.0.0.1:-1 is no address with a port; give an address and a port such as 127.0.0.1:9842
          # schedules
          schedule = often                           | 1 | schedule: often is no schedule; give hourly, daily, weekly, "every 30m" or a cron expression such as "0 3 * * 1-5"
          schedule = every 30                        | 1 | schedule: 30 has no unit; give a duration such as 30m
          schedule = every 30s                       | 1 | schedule: 30s is less than the least, 1m
          schedule = every 1000d                     | 1 | schedule: 1000d is more than the most, 365d
          schedule = "0 3 1 * 1"                     | 1 | schedule: both day of month (1) and day of week (1) are restricted; leave one of them *
          schedule = "0 24 * * *"                    | 1 | schedule: the field hour: 24 is not in 0 to 23
          schedule = "0 0 30 2 *"                    | 1 | schedule: 0 0 30 2 * never comes: there is no such date
          schedule = "* 0 3 * * ?"                   | 1 | schedule: * 0 3 * * ? comes more than once a minute; of 6 fields the first is the second and has to be one number, such as 0
          # repositories
          repositories = /srv/a.git                  | 1 | repositories: give a list of paths, [ "/srv/git/*.git" ]
          repositories = [;5;]                       | 2 | path: 5 is not possible; give a path in quotes
          repositories = [;{ name = a };]            | 2 | repositories: this entry has no path
          repositories = [;{ path = [] };]           | 2 | path: a list is not possible; give a path in quotes
          repositories = [;{ path = "/s/*", name = a };]| 2 | name: /s/* stands for many repositories, which cannot have one name
          repositories = [;{ path = /a, name = x };{ path = /b,; name = x };]| 4 | name: x is the name of another repository, at FILE:2
          repositories = [;{ path = /a, naem = x };] | 2 | naem: unknown key; did you mean name?
          repositories = [;{ path = /a, web.enabled = true };]| 2 | web is no key of a repository; it stands at the top level
          repositories = [;{ path = /a,; expire { min-age = 30 } };]| 3 | expire.min-age: 30 has no unit; give a duration such as 30m
          repositories = [;{ path = /a,; expire = 30 };]| 3 | expire: give a group of settings, expire { … }
          repositories = [;{ path = /a, name = "a\\u001b[2J" };]| 2 | name: a [2J contains a control character
          repositories = [;{ path = /a,; aggregate.max-packs = 9 };]| 3 | aggregate.max-packs: 9 is less than min-packs, 10
          repositories = [;"/srv/[a";]               | 2 | path: /srv/[a is no glob: Missing ']
          repositories = [;"/srv/a\\u0000b";]        | 2 | path: Nul character not allowed: /srv/a b
          repositories = [;"~git/a";]                | 2 | path: ~git/a: only ~ and ~/ are known, not the home directory of somebody else
          # the language
          jitter = ${NOPE}                           | 1 | Could not resolve substitution to a value: ${NOPE}
          ;jitter = ${jitter}                        | 2 | Could not resolve substitution to a value: ${jitter} was part of a cycle of substitutions involving ${jitter}, ${jitter}
          ;jitter = [1,2                             | 2 | List should have ended with ] or had a comma, instead had token: end of file (if you want end of file to be part of a string value, then double-quote it)
          ;include url("http://127.0.0.1:1/x")       | 2 | include http://127.0.0.1:1/x: only files can be included
          ;include "http://127.0.0.1:1/x"            | 2 | include http://127.0.0.1:1/x: only files can be included
          ;include classpath("reference.conf")       | 2 | include reference.conf: only files can be included
          ;include "missing.conf"                    | 2 | include missing.conf: DIRECTORY/missing.conf: no such file or directory
          ;include "repackd.conf"                    | 2 | include repackd.conf: the file includes itself
          """)
  void everyMistakeIsAComplaintWithItsLine(String content, int line, String message)
      throws IOException {
    assertThat(temporary.complaints(content.replace(';', '\n')))
        .containsExactly(
            new Complaint(
                temporary.systemFile().toString(),
                line,
                message
                    .replace("FILE", temporary.systemFile().toString())
                    .replace("DIRECTORY", temporary.systemDirectory().toString())));
  }

  @Test
  void aComplaintIsPrintedWithFileAndLine() {
    assertThat(new Complaint("/etc/repackd/repackd.conf", 12, "expire.min-age: -1h is negative"))
        .hasToString("/etc/repackd/repackd.conf:12: expire.min-age: -1h is negative");
    assertThat(new Complaint("/x.conf", Complaint.NO_LINE, "no such file or directory"))
        .hasToString("/x.conf: no such file or directory");
  }

  @Test
  void allComplaintsOfALoadComeTogether() throws IOException {
    temporary.write(temporary.systemDirectory().resolve("conf.d/1.conf"), "jitter = 1\n");
    temporary.write(temporary.systemDirectory().resolve("conf.d/2.conf"), "jitter = 1m\n}\n");

    assertThat(temporary.complaints("jitter = 2\nx = 1\nweb { enabled = 2 }\n"))
        .extracting(complaint ->
            temporary.systemDirectory().relativize(Path.of(complaint.file()))
                + ":"
                + complaint.line())
        .containsExactly(
            "conf.d/1.conf:1",
            "conf.d/2.conf:2",
            "repackd.conf:1",
            "repackd.conf:2",
            "repackd.conf:3");
  }

  @Test
  void aWrongDefaultIsComplainedAboutOnceHoweverManyEntriesInheritIt() throws IOException {
    assertThat(temporary.complaints("jitter = 1\nrepositories = [ /a, /b, { path = /c } ]"))
        .extracting(Complaint::line)
        .containsExactly(1);
  }

  @Test
  void aWrongValueFromTheEnvironmentHasThePlaceWhereItIsNamed() throws IOException {
    temporary.as(false, Map.of("AGE", "soon", "PLACE", "~git"));

    assertThat(
            temporary.complaints(
                """
                expire {
                  min-age = ${AGE}
                }
                repositories = [
                  ${PLACE}/a.git
                  { path = /a, repack { min-age = ${?AGE} } }
                ]
                """))
        .extracting(Complaint::line)
        .containsExactly(2, 5, 6);
  }

  @Test
  void aFileThatSomebodyNamedHasToExist() {
    Path missing = temporary.systemDirectory().resolve("other.conf");
    assertThat(complaintsAbout(missing)).isEqualTo(missing + ": no such file or directory");
  }

  @Test
  void whateverTheFileIsTheResultIsAComplaint() throws IOException {
    Path file = temporary.write(temporary.systemFile(), "");
    assertThat(complaintsAbout(temporary.systemDirectory()))
        .isEqualTo(temporary.systemDirectory() + ": Is a directory");
    Files.write(file, "name = \"\u00fc\"".getBytes(StandardCharsets.ISO_8859_1));
    assertThat(complaintsAbout(file)).isEqualTo(file + ": is not UTF-8");
    assertThat(complaintsAbout(Path.of("/dev/zero"))).isEqualTo("/dev/zero: is larger than 4 MiB");
    Files.writeString(file, "[".repeat(1 << 20));
    assertThat(complaintsAbout(file)).isEqualTo(file + ": is nested too deeply");
  }

  @Test
  void filesThatIncludeEachOtherManyTimesComeToAnEnd() throws IOException {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < 200; i++) {
      temporary.write(temporary.systemDirectory().resolve("i" + i), "");
      text.append("include \"i").append(i).append("\"\n");
    }
    assertThat(temporary.complaints(text.toString()))
        .extracting(Complaint::message)
        .containsExactly("include i100: more than 100 includes altogether");
  }

  @Test
  void aFileThatIncludesItselfThroughAnotherIsAComplaintThere() throws IOException {
    Path other =
        temporary.write(temporary.systemDirectory().resolve("x"), "\ninclude \"repackd.conf\"");
    assertThat(temporary.complaints("include \"x\""))
        .extracting(Complaint::toString)
        .containsExactly(other + ":2: include repackd.conf: the file includes itself");
  }

  private String complaintsAbout(Path file) {
    return assertTimeoutPreemptively(
        Duration.ofSeconds(120),
        () -> {
          try {
            return temporary.loader().load(file).toString();
          } catch (ConfigurationException e) {
            return String.valueOf(e.getMessage());
          }
        });
  }
}
