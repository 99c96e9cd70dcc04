# Ruby 3 removed Kernel#timeout, which god 0.13.7 still calls.
require "timeout"

module Kernel
  def timeout(seconds, &block)
    Timeout.timeout(seconds, &block)
  end
end
