/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What of this computer's /etc and /var the "host" template may hold.
 *
 * A new row needs a reason that a program in a guest has, and must not hold anything that tells one
 * computer or person from another. Left out on purpose: accounts and their secrets (passwd, shadow,
 * subuid, sudoers, pam.d), names of this computer and its network (hostname, hosts, machine-id,
 * resolv.conf, NetworkManager, ssh, cups, samba, krb5.conf), files in which people keep tokens
 * (environment, gitconfig, npmrc, pip.conf, wgetrc), and what only a system's own services read
 * (systemd, cron, udev, apt, init.d, default/…). */
#include "config.h"

#include "bh-template-list.h"

#include <string.h>
#include <sys/stat.h>

static const char *const patterns[] = {
  /* the dynamic loader finds libraries; making its cache anew takes seconds */
  "etc/ld.so.cache", "etc/ld.so.conf", "etc/ld.so.conf.d",
  /* awk, editor, x-terminal-emulator and libblas are links through here */
  "etc/alternatives",
  /* text looks as here; the cache spares scanning all fonts */
  "etc/fonts", "var/cache/fontconfig",
  /* encrypted connections: public certificates, where each library looks for them */
  "etc/ssl/certs", "etc/ssl/openssl.cnf", "etc/ssl/cert.pem", "etc/ca-certificates",
  "etc/ca-certificates.conf", "etc/pki/ca-trust", "etc/pki/tls/certs", "etc/pki/tls/cert.pem",
  "etc/pki/tls/openssl.cnf", "etc/crypto-policies", "etc/gnutls",
  /* language, and the clock's zone until configure says another */
  "etc/locale.conf", "etc/default/locale", "etc/locale.alias", "etc/localtime", "etc/timezone",
  /* names of protocols and ports, order of answers; nothing of this network */
  "etc/host.conf", "etc/gai.conf", "etc/protocols", "etc/services", "etc/rpc", "etc/ethertypes",
  /* toolkits and desktop settings */
  "etc/xdg", "etc/gtk-2.0", "etc/gtk-3.0", "etc/gtk-4.0", "etc/dbus-1/session.conf",
  "etc/dbus-1/session.d", "etc/X11/app-defaults", "etc/X11/xkb", "etc/X11/fonts", "etc/X11/rgb.txt",
  "etc/X11/cursors", "etc/X11/Xresources",
  /* graphics drivers */
  "etc/vulkan", "etc/glvnd", "etc/egl", "etc/drirc", "etc/OpenCL", "etc/libva.conf",
  "etc/vdpau_wrapper.cfg",
  /* sound */
  "etc/pulse", "etc/pipewire", "etc/alsa", "etc/asound.conf", "etc/openal",
  /* which file is what, and what opens it */
  "etc/magic", "etc/magic.mime", "etc/mime.types", "etc/mailcap", "etc/mailcap.order",
  "etc/ImageMagick-*",
  /* shells and terminals */
  "etc/profile", "etc/profile.d", "etc/bash.bashrc", "etc/bashrc", "etc/bash_completion",
  "etc/bash_completion.d", "etc/inputrc", "etc/shells", "etc/zsh", "etc/zshrc", "etc/zshenv",
  "etc/zprofile", "etc/fish", "etc/skel", "etc/terminfo", "etc/screenrc", "etc/tmux.conf",
  "etc/nanorc", "etc/vim", "etc/emacs", "etc/manpath.config", "etc/man_db.conf", "etc/groff",
  "etc/lynx", "etc/DIR_COLORS", "etc/mke2fs.conf",
  /* language run-times; their certificates and modules are found through these */
  "etc/python3*", "etc/perl", "etc/java-*", "etc/java", "etc/mono", "etc/R", "etc/octave*",
  /* documents */
  "etc/sgml", "etc/xml", "etc/papersize", "etc/paperspecs", "etc/ghostscript",
  "var/lib/ghostscript", "etc/texmf", "etc/fonttools", "etc/dictionaries-common",
  "var/cache/dictionaries-common", "etc/aspell.conf", "var/lib/aspell", "etc/enchant*",
  /* applications that keep their defaults here */
  "etc/libreoffice", "etc/firefox*", "etc/thunderbird*", "etc/chromium*", "etc/gimp", "etc/mpv",
  "etc/zathurarc", "etc/scribus", "etc/sane.d/dll.conf",
  /* which distribution this is */
  "etc/os-release", "etc/debian_version", "etc/lsb-release", "etc/fedora-release",
  "etc/redhat-release", "etc/system-release", "etc/arch-release", NULL
};

static const BhTemplateText texts[] = {
  { "etc/group", S_IFREG | 0644,
    "root:x:0:\ntty:x:5:\nvideo:x:44:\naudio:x:29:\nnogroup:x:65534:\n" },
  { "etc/passwd", S_IFREG | 0644,
    "root:x:0:0:root:/root:/bin/sh\n"
    "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n" },
  { "etc/nsswitch.conf", S_IFREG | 0644,
    "passwd: files\ngroup: files\nshadow: files\nhosts: files dns\nnetworks: files\n"
    "protocols: files\nservices: files\nethers: files\nrpc: files\n" },
  { "etc/resolv.conf", S_IFREG | 0644, "" },
  { "etc/fstab", S_IFREG | 0644, "" },
  { "etc/mtab", S_IFLNK | 0777, "../proc/self/mounts" },
  { "etc/opt", S_IFDIR | 0755, NULL },
  { "var", S_IFDIR | 0755, NULL },
  { "var/cache", S_IFDIR | 0755, NULL },
  { "var/lib", S_IFDIR | 0755, NULL },
  { "var/lib/dbus", S_IFDIR | 0755, NULL },
  { "var/lib/dbus/machine-id", S_IFLNK | 0777, "/etc/machine-id" },
  { "var/lib/xkb", S_IFDIR | 0755, NULL }, /* Xwayland's compiled keymaps */
  { "var/local", S_IFDIR | 0755, NULL },
  { "var/lock", S_IFLNK | 0777, "/run/lock" },
  { "var/log", S_IFDIR | 0755, NULL },
  { "var/mail", S_IFDIR | 0755, NULL },
  { "var/opt", S_IFDIR | 0755, NULL },
  { "var/run", S_IFLNK | 0777, "/run" },
  { "var/spool", S_IFDIR | 0755, NULL },
  { "var/tmp", S_IFDIR | S_ISVTX | 0777, NULL },
};

/* Of names inside them. */
static const char *const refused[] = {
  "*shadow*", "sudoers*", "*private*", "*.key",        "*.keytab", "machine-id",
  "hostname", "ssh*",     "*secret*",  "*credential*", "*.dpkg-*", "*.rpm*",
  "*~",       "*.bak",
  /* manual pages' alternatives, many and of no use */
  "*.?.gz",
  /* a self-made certificate carries this computer's name */
  "ssl-cert-snakeoil*", NULL
};

const char *const *
bh_template_patterns (void)
{
  return patterns;
}

const BhTemplateText *
bh_template_texts (gsize *n)
{
  *n = G_N_ELEMENTS (texts);
  return texts;
}

/* Each start asks for more than a thousand names, so this is done once. */
static GPtrArray *
compile (const char *const *list, gboolean trees)
{
  GPtrArray *out = g_ptr_array_new ();

  for (const char *const *pattern = list; *pattern; pattern++)
    {
      g_autofree char *inside = g_strconcat (*pattern, "/*", NULL);

      g_ptr_array_add (out, g_pattern_spec_new (*pattern));
      if (trees)
        g_ptr_array_add (out, g_pattern_spec_new (inside));
    }
  return out;
}

static gboolean
matches (const GPtrArray *compiled, const char *text)
{
  gsize length = strlen (text);

  for (guint i = 0; i < compiled->len; i++)
    if (g_pattern_spec_match (compiled->pdata[i], length, text, NULL))
      return TRUE;
  return FALSE;
}

gboolean
bh_template_refuses (const char *base)
{
  static GPtrArray *compiled;

  if (g_once_init_enter (&compiled))
    g_once_init_leave (&compiled, compile (refused, FALSE));
  return matches (compiled, base);
}

gboolean
bh_template_lists (const char *name)
{
  static GPtrArray *compiled;

  if (g_once_init_enter (&compiled))
    g_once_init_leave (&compiled, compile (patterns, TRUE));
  if (matches (compiled, name))
    return TRUE;
  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    if (g_str_equal (texts[i].name, name))
      return TRUE;
  return FALSE;
}
