package io.repackd.pack;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LinkPriceTest {
  private static final int TREE = 2;
  private static final int BLOB = 3;

  @ParameterizedTest(name = "a blob of {0} bytes, read by {1}: {2}")
  @CsvSource({
    "50, 1, 137",
    "3808, 1, 200",
    "3808, 7, 1400",
    "536870911, 1, 8947985",
    "536870911, 4294967295, 2147483647",
    "2147483647, 4294967295, 2147483647"
  })
  void aLinkIsWorthMoreTheMoreIsCopied(long bytes, long readers, long price) {
    assertThat(LinkPrice.bytes(BLOB, bytes, readers)).isEqualTo(price);
  }

  @ParameterizedTest(name = "an object of {0} bytes")
  @CsvSource({"1000", "20000", "1000000"})
  void theLinksOfTreesAreCheaper(long bytes) {
    assertThat(LinkPrice.bytes(TREE, bytes, 1))
        .isPositive()
        .isLessThan(LinkPrice.bytes(BLOB, bytes, 1));
  }

  @ParameterizedTest(name = "{0} links")
  @CsvSource({"1", "50", "4095"})
  void theLongestChainCanBePaid(long links) {
    long price = LinkPrice.bytes(BLOB, Integer.MAX_VALUE, 0xffffffffL);
    assertThat(Math.multiplyExact(price, links)).isGreaterThanOrEqualTo(price);
  }
}
