% Hybrid input-output (Fienup, Appl. Opt. 21 (1982) 2758) as a contestant: one JSON object per line, arrays in binary files.
1;

function array = read_array(file, told)
  kinds = struct("f4", "single", "f8", "double", "b1", "uint8");
  fseek(file, told.offset, SEEK_SET());
  shape = told.shape(:)';
  array = fread(file, prod(shape), [kinds.(told.dtype(2:3)) "=>" kinds.(told.dtype(2:3))]);
  array = permute(reshape(array, fliplr(shape)), numel(shape):-1:1);  % the last axis is the fastest in the file
end

function x = reconstruct(intensity, support, settings, seed)
  rand("twister", seed);
  amplitude = ifftshift(sqrt(double(intensity)));
  support = double(support);
  x = support .* exp(2i * pi * rand(size(support)));
  for step = 1:settings.iterations
    spectrum = fft2(x);
    projected = ifft2(amplitude .* exp(1i * arg(spectrum)));
    if mod(step, 50) < 40
      x = projected .* support + (x - settings.beta * projected) .* (1 - support);
    else
      x = projected .* support;
    end
  end
  x = x .* support;
end

folder = argv(){end};
requests = fopen(fullfile(folder, "requests"), "r");
answers = fopen(fullfile(folder, "answers"), "w");
sent = fopen(fullfile(folder, "sent.bin"), "r");
returned = fopen(fullfile(folder, "returned.bin"), "r+");
while ischar(line = fgetl(requests))
  if isempty(line) continue; end
  request = jsondecode(line, "makeValidName", false);
  printf("what is printed here goes nowhere near the answers\n");
  if strcmp(request.("do"), "prepare")
    reply = struct("protocol", 1, "version", OCTAVE_VERSION(), "python", "", "arrays", {{}});
  else
    arrays = struct();
    listed = request.arrays;
    for k = 1:numel(listed)
      if iscell(listed) told = listed{k}; else told = listed(k); end
      arrays.(told.name) = read_array(sent, told);
    end
    before = cputime(); began = tic();
    x = reconstruct(arrays.intensity, arrays.support, request.settings, request.seed);
    wall = toc(began); processor = cputime() - before;
    values = permute(x, [2 1])(:).';  % back to the last axis fastest
    frewind(returned);
    fwrite(returned, [real(values); imag(values)](:), "double");
    fflush(returned);
    told = struct("name", "object", "dtype", "<c16", "shape", size(x), "offset", 0);
    counts = struct("iterations", request.settings.iterations);
    reply = struct("protocol", 1, "wall_s", wall, "processor_s", processor, "counts", counts, "arrays", {{told}});
  end
  fprintf(answers, "%s\n", jsonencode(reply));
  fflush(answers);
end
