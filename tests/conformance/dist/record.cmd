@echo off
rem record.cmd - records this Windows: its own kernel32.dll and k32mem.dll, 64-bit and 32-bit, into the folder records,
rem and compares them with the records that came along. Needs no installation and no rights; changes nothing else.
setlocal
cd /d "%~dp0"
if not exist records mkdir records
for %%a in (x86_64 i686) do (
  echo Recording %%a
  %%a\conform.exe --record records\kernel32-windows-%%a.json > records\kernel32-windows-%%a.tap
  if errorlevel 2 echo   kernel32 could not be recorded; see records\kernel32-windows-%%a.tap
  %%a\conform.exe --target %%a\k32mem.dll --record records\k32mem-windows-%%a.json > records\k32mem-windows-%%a.tap
  if errorlevel 2 echo   k32mem could not be recorded; see records\k32mem-windows-%%a.tap
  %%a\conform.exe --diff records\kernel32-windows-%%a.json records\k32mem-windows-%%a.json baselines\kernel32-wine8-%%a.json > records\diff-%%a.txt
  %%a\conform.exe --diff records\kernel32-windows-%%a.json records\k32mem-windows-%%a.json baselines\kernel32-wine8-%%a.json --html records\diff-%%a.html
)
echo Done: the folder records holds it all. Open records\diff-x86_64.html, and send the folder to the project.
