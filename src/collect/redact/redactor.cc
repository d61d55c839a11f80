#include "collect/redact/redactor.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/text.h"
#include "collect/redact/finders.h"
#include "collect/redact/shapes.h"
#include "collect/redact/value_look.h"
#include "collect/redact/value_span.h"

namespace carrel {

std::uint64_t FileRedactions::count() const {
  std::uint64_t all = 0;
  for (const auto& [label, each] : classes) all += each.count;
  return all;
}

Redactor::Redactor(const RedactionPlan& plan, Pseudonyms* pseudonyms) : plan_(plan), pseudonyms_(pseudonyms) {
  buffer_.reserve(buffer_bytes);
}

void Redactor::begin(std::string file) {
  redactions_ = {};
  redactions_.file = std::move(file);
  buffer_.clear();
  written_ = scanned_ = judged_to_ = data_to_ = 0;
  last_ = false;
  state_ = PhraseSet::start;
  line_ = 1;
  replacements_.clear();
  swallow_ = {};
  secret_data_ = {};
}

void Redactor::feed(std::string_view bytes, std::string* out) {
  while (!bytes.empty()) {
    const std::size_t taken = std::min(bytes.size(), buffer_bytes - buffer_.size());
    buffer_.append(bytes.substr(0, taken));
    bytes.remove_prefix(taken);
    if (buffer_.size() == buffer_bytes) work(false, out);
  }
}

void Redactor::finish(std::string* out) {
  last_ = true;
  work(true, out);
}

// Scans as far as every finder can see what it needs, writes as far as no finder looks back, and keeps the
// rest.
void Redactor::work(bool last, std::string* out) {
  scan_to(last ? buffer_.size() : buffer_.size() - sight_ahead);
  if (last) {
    flush(buffer_.size(), out);
    buffer_.clear();
    written_ = scanned_ = judged_to_ = data_to_ = 0;
    return;
  }
  const std::size_t kept_from = scanned_ > sight_behind ? scanned_ - sight_behind : 0;
  flush(kept_from, out);
  buffer_.erase(0, kept_from);
  const auto move = [&](std::size_t* place) { *place = *place > kept_from ? *place - kept_from : 0; };
  move(&written_);
  move(&scanned_);
  move(&judged_to_);
  move(&data_to_);
  for (Replacement& each : replacements_) {
    move(&each.span.begin);
    move(&each.span.end);
  }
}

void Redactor::scan_to(std::size_t limit) {
  while (scanned_ < limit) {
    if (swallow_.until != Until::seen) {
      swallow(limit);
    } else if (secret_data_.going_on() && scanned_ >= data_to_) {
      go_on_with_secret();
    } else {
      const std::size_t stop = secret_data_.going_on() ? std::min(limit, data_to_) : limit;
      bool ends = false;
      scanned_ = plan_.phrases().advance(buffer_, scanned_, stop, &state_, &ends);
      if (ends) found(scanned_);
    }
  }
}

// The text around the anchor; positions in it are those of the buffer less what lies before the sight.
Sight Redactor::sight(std::size_t begin, std::size_t end) const {
  const std::size_t from = end > sight_behind ? end - sight_behind : 0;
  const std::size_t to = std::min(buffer_.size(), end + sight_ahead);
  return {std::string_view(buffer_).substr(from, to - from),
          {begin - from, end - from},
          last_ && end + sight_ahead > buffer_.size()};
}

void Redactor::found(std::size_t at) {
  plan_.phrases().ended(state_, &phrases_);
  for (const std::uint32_t phrase : phrases_) {
    look(plan_.anchor(phrase), at);
    if (scanned_ != at) return;
  }
}

void Redactor::look(const RedactionPlan::Anchor& anchor, std::size_t at) {
  using Finder = RedactionPlan::Finder;
  if (anchor.finder == Finder::named && at <= judged_to_) return;
  // "metadata" and "kindly" are words of their own, and stand everywhere.
  if ((anchor.finder == Finder::kind || anchor.finder == Finder::data) &&
      (!begins_word(buffer_, at - anchor.length) || (at < buffer_.size() && in_word(buffer_[at]))))
    return;
  const Sight seen = sight(at - anchor.length, at);
  const std::size_t base = at - seen.anchor.end;
  masks_.clear();
  switch (anchor.finder) {
    case Finder::named:
      judged_to_ = base + find_named(seen, &judge_, &masks_);
      if (!masks_.empty() && is_kept(piece(seen.text, key_around(seen.text, seen.anchor)))) masks_.clear();
      break;
    case Finder::shape:
      find_shape(seen, shapes()[anchor.index], &masks_);
      break;
    case Finder::jwt:
      find_jwt(seen, &masks_);
      break;
    case Finder::private_key:
      find_private_key(seen, &masks_);
      break;
    case Finder::base64_private_key:
      find_base64_private_key(seen, &masks_);
      break;
    case Finder::url:
      find_in_url(seen, &masks_);
      break;
    case Finder::at_sign:
      find_at_sign(seen, &masks_);
      break;
    case Finder::dsn:
      find_in_dsn(seen, &masks_);
      break;
    case Finder::oracle_url:
      find_in_oracle_url(seen, &masks_);
      break;
    case Finder::connection_part:
      find_connection_part(seen, anchor.label, &masks_);
      break;
    case Finder::bearer:
      find_bearer(seen, &masks_);
      break;
    case Finder::basic:
      find_basic(seen, &masks_);
      break;
    case Finder::command_login:
      find_command_login(seen, &masks_);
      break;
    case Finder::sql:
      find_in_sql(seen, &masks_);
      break;
    case Finder::kind:
      secret_data_.see_kind(seen);
      break;
    case Finder::document:
      secret_data_.see_document();
      break;
    case Finder::data: {
      std::size_t behind = 0;
      if (secret_data_.see_data(seen, at < data_to_, &behind)) with_data_to(base + behind);
      return;
    }
    case Finder::ip:
      find_ip(seen, &masks_);
      break;
    case Finder::mac:
      find_mac(seen, &masks_);
      break;
    case Finder::own_word:
    case Finder::own_name:
    case Finder::own_pattern:
      find_own(anchor, seen);
      break;
  }
  take(base, seen.text);
}

void Redactor::go_on_with_secret() {
  const Sight seen = sight(scanned_, scanned_);
  const std::size_t base = scanned_ - seen.anchor.end;
  masks_.clear();
  const std::size_t behind = secret_data_.go_on(seen, &masks_);
  take(base, seen.text);
  with_data_to(base + behind);
}

// What is a Secret's for certain is done with. Where that is a guess the other finders look at it too.
void Redactor::with_data_to(std::size_t at) {
  data_to_ = at;
  if (secret_data_.guessing()) return;
  scanned_ = std::max(scanned_, at);
  state_ = PhraseSet::start;
}

void Redactor::find_own(const RedactionPlan::Anchor& anchor, const Sight& seen) {
  using Finder = RedactionPlan::Finder;
  const std::string_view text = seen.text;
  const RedactionRules& rules = plan_.rules();
  if (anchor.finder == Finder::own_name) {
    const Span key = key_around(text, seen.anchor);
    if (fold_name(piece(text, key)) != rules.names[anchor.index].name) return;
    const auto value = value_after(seen, key);
    if (!value || value->span.empty() || is_no_secret(piece(text, value->span))) return;
    masks_.push_back({value->span, anchor.label, value->quoted ? unescaped(piece(text, value->span)) : "",
                      value->until, value->depth});
    return;
  }
  Span span = seen.anchor;
  if (span.begin > 0 && in_word(text[span.begin - 1]) && in_word(text[span.begin])) return;
  if (anchor.finder == Finder::own_pattern) {
    const RedactionRules::Pattern& pattern = rules.patterns[anchor.index];
    if (piece(text, span) != pattern.begin) return;
    span.end = match_pattern(pattern.rest, text, span.end);
    if (span.end != std::string_view::npos) masks_.push_back({span, anchor.label, "", Until::seen, 0});
    return;
  }
  // The longest that begins here: "Acme Ltd", not "Acme". A word is the same in any case.
  const RedactionRules::Word* longest = nullptr;
  for (const RedactionRules::Word& word : rules.words) {
    if (longest != nullptr && word.text.size() <= longest->text.size()) continue;
    const Span whole{span.begin, span.begin + word.text.size()};
    if (whole.end > text.size() || to_lower(piece(text, whole)) != to_lower(word.text)) continue;
    if (whole.end < text.size() && in_word(text[whole.end]) && in_word(text[whole.end - 1])) continue;
    longest = &word;
  }
  if (longest == nullptr) return;
  span.end = span.begin + longest->text.size();
  masks_.push_back({span, longest->label, longest->text, Until::seen, 0});
}

bool Redactor::is_kept(std::string_view name) const {
  const auto& kept = plan_.rules().kept_names;
  return !kept.empty() && std::find(kept.begin(), kept.end(), fold_name(name)) != kept.end();
}

// Takes the masks that a finder made. Scanning goes on inside of them: what stands between an anchor and its
// secret may be a secret too.
void Redactor::take(std::size_t base, std::string_view text) {
  const auto& kept_values = plan_.rules().kept_values;
  for (Mask& mask : masks_) {
    const Span span{base + mask.span.begin, base + mask.span.end};
    if (span.empty()) continue;
    const std::string_view value = mask.value.empty() ? piece(text, mask.span) : std::string_view(mask.value);
    if (std::find(kept_values.begin(), kept_values.end(), value) != kept_values.end()) continue;
    if (!mask.whole && is_replaced(span)) continue;
    replace(span, mask.label, value);
    if (mask.until == Until::seen) continue;
    // The rest of this one is looked for before anything else is.
    scanned_ = std::max(scanned_, span.end);
    state_ = PhraseSet::start;
    swallow_ = {mask.until, mask.depth, span.begin > 0 ? buffer_[span.begin - 1] : '"', false};
  }
}

// Is a part of it replaced?
bool Redactor::is_replaced(Span span) const {
  if (span.begin < written_) return true;
  for (auto each = replacements_.rbegin(); each != replacements_.rend() && each->span.end > span.begin;
       ++each) {
    if (each->span.begin < span.end) return true;
  }
  return false;
}

// Replaces what is not replaced already. Of a secret that overlaps others the parts between them go too.
void Redactor::replace(Span span, std::string_view label, std::string_view value) {
  span.begin = std::max(span.begin, written_);
  auto next = replacements_.end();
  while (next != replacements_.begin() && std::prev(next)->span.end > span.begin) --next;
  std::string text;
  while (!span.empty()) {
    const bool overlaps = next != replacements_.end() && next->span.begin < span.end;
    const std::size_t end = overlaps ? next->span.begin : span.end;
    if (end > span.begin) {
      const bool first = text.empty();
      if (first) text = pseudonyms_->of(label, value);
      next = std::next(replacements_.insert(
          next, {{span.begin, end}, first ? text : "", first ? label : std::string_view()}));
    }
    if (!overlaps) return;
    span.begin = next->span.end;
    ++next;
  }
}

void Redactor::swallow(std::size_t limit) {
  const std::size_t to = swallowed_to(limit);
  if (to > scanned_) replacements_.push_back({{scanned_, to}, "", {}});
  scanned_ = to;
  state_ = PhraseSet::start;
}

// Where the secret's rest ends, or `limit`; swallow_ is told which.
std::size_t Redactor::swallowed_to(std::size_t limit) {
  const auto ended = [&](std::size_t at) {
    swallow_ = {};
    return at;
  };
  std::size_t at = scanned_;
  switch (swallow_.until) {
    case Until::seen:
      return ended(at);
    case Until::quote: {
      const std::size_t period = 2 * (std::size_t{swallow_.depth} + 1);
      std::size_t slashes = 0;
      while (slashes < at && buffer_[at - slashes - 1] == '\\') ++slashes;
      for (; at < limit; ++at) {
        if (buffer_[at] == '\n') return ended(at);
        if (buffer_[at] == swallow_.mark && slashes % period == swallow_.depth)
          return ended(std::max(scanned_, at - swallow_.depth));
        slashes = buffer_[at] == '\\' ? slashes + 1 : 0;
      }
      return at;
    }
    case Until::word:
    case Until::line:
      for (; at < limit; ++at) {
        const char c = buffer_[at];
        if (c == '\n' || (swallow_.until == Until::word &&
                          std::string_view(" \t\r\"'`,<").find(c) != std::string_view::npos))
          return ended(at);
      }
      return at;
    case Until::block:
      for (; at < limit; ++at) {
        if (buffer_[at] != '\n') continue;
        std::size_t width = 0;
        while (width <= swallow_.depth && at + 1 + width < buffer_.size() && buffer_[at + 1 + width] == ' ')
          ++width;
        const char first = at + 1 + width < buffer_.size() ? buffer_[at + 1 + width] : '\n';
        if (width < swallow_.depth && first != '\n' && first != '\r') return ended(at);
      }
      return at;
    case Until::key:
      if (!swallow_.begun) {
        while (at < limit &&
               (in_word(buffer_[at]) || buffer_[at] == '+' || buffer_[at] == '/' || buffer_[at] == '='))
          ++at;
        swallow_.begun = at < limit;
        return at;
      }
      while (at < limit) {
        const std::string_view seen =
            std::string_view(buffer_).substr(0, std::min(buffer_.size(), at + sight_ahead));
        const std::size_t more = private_key_line(seen, at);
        if (more == 0) return ended(at);
        at += more;
      }
      return at;
  }
  return ended(at);
}

// Writes the buffer up to `to`, secrets replaced. One that goes beyond is written whole.
void Redactor::flush(std::size_t to, std::string* out) {
  const auto pass = [&](std::size_t end) {
    if (end <= written_) return;
    out->append(buffer_, written_, end - written_);
    line_ += static_cast<std::uint64_t>(std::count(buffer_.begin() + static_cast<std::ptrdiff_t>(written_),
                                                   buffer_.begin() + static_cast<std::ptrdiff_t>(end), '\n'));
    written_ = end;
  };
  std::size_t done = 0;
  for (; done < replacements_.size() && replacements_[done].span.begin < to; ++done) {
    const Replacement& each = replacements_[done];
    pass(each.span.begin);
    out->append(each.text);
    if (!each.label.empty()) {
      FileRedactions::Class& counted = redactions_.classes[std::string(each.label)];
      ++counted.count;
      if (counted.lines.size() < FileRedactions::most_lines) counted.lines.push_back(line_);
    }
    line_ += static_cast<std::uint64_t>(
        std::count(buffer_.begin() + static_cast<std::ptrdiff_t>(each.span.begin),
                   buffer_.begin() + static_cast<std::ptrdiff_t>(each.span.end), '\n'));
    written_ = each.span.end;
  }
  replacements_.erase(replacements_.begin(), replacements_.begin() + static_cast<std::ptrdiff_t>(done));
  pass(to);
}

}  // namespace carrel
