package io.repackd.config;

import com.typesafe.config.ConfigIncludeContext;
import com.typesafe.config.ConfigIncluder;
import com.typesafe.config.ConfigIncluderClasspath;
import com.typesafe.config.ConfigIncluderFile;
import com.typesafe.config.ConfigIncluderURL;
import com.typesafe.config.ConfigObject;
import java.io.File;
import java.net.URL;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;

/**
 * Follows include statements to files, and nowhere else: a configuration must not make the daemon talk to a network.
 *
 * @param reader reads the included file
 * @param chain the file with the statement last, before it the one that includes it, and so on
 */
record FileIncluder(HoconFile reader, List<Path> chain)
    implements ConfigIncluder, ConfigIncluderFile, ConfigIncluderURL, ConfigIncluderClasspath {
  private static final Pattern URL_SCHEME = Pattern.compile("[A-Za-z][A-Za-z0-9+.-]*:.*");

  @Override
  public ConfigObject include(ConfigIncludeContext context, String what) {
    return URL_SCHEME.matcher(what).matches() ? refuse(what) : reader.include(what, chain);
  }

  @Override
  public ConfigObject includeFile(ConfigIncludeContext context, File what) {
    return reader.include(what.getPath(), chain);
  }

  @Override
  public ConfigObject includeURL(ConfigIncludeContext context, URL what) {
    return refuse(what.toString());
  }

  @Override
  public ConfigObject includeResources(ConfigIncludeContext context, String what) {
    return refuse(what);
  }

  /** The library offers its own includer for what this one does not know; there is nothing of that kind. */
  @Override
  public ConfigIncluder withFallback(ConfigIncluder fallback) {
    return this;
  }

  private ConfigObject refuse(String what) {
    throw new IncludeException(chain.getLast(), what, "only files can be included");
  }
}
